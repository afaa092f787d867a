"use strict";(self.rspackChunkmod208=self.rspackChunkmod208||[]).push([[329],{504(e,t,r){r.r(t),r.d(t,{default:()=>H});var n=r(647),a=r(656),s=r(245),o=r(444),i=r(755),l=r(906),d=r(267),p=r(954);class c extends Error{what;why;next;constructor(e,t="",r=""){super(e),this.what=e,this.why=t,this.next=r}}class u{settings;constructor(e){this.settings=e}overview(e){return this.ask("?"+new URLSearchParams({path:e}).toString())}act(e,t){return this.ask(`/${e}`,{method:"POST",body:JSON.stringify(t)})}async ask(e,t={}){let r,n=d.URLExt.join(this.settings.baseUrl,"mod208/panel")+e;try{r=await p.ServerConnection.makeRequest(n,t,this.settings)}catch{throw new c("JupyterLab does not answer","Its server has ended, or the network is gone.","make lab")}let a=await r.json().catch(()=>({}));if(!r.ok)throw new c(a.what??a.message??`The course answered ${r.status}`,a.why,a.next);return a}}let h=/^%%workfile[ \t]+(\S+)[ \t]+(\S+)[^\n]*(?:\n|$)/,m=/lab\.(?:check|grade)\(["']([\w-]+)["']\)/;function f(e){let t=h.exec(e);return t&&{lab:t[1],path:t[2],body:e.slice(t[0].length)}}function g(e){let t=e.getMetadata("mod208");return t?.step??m.exec(e.sharedModel.getSource())?.[1]??""}var v=r(421);let b=()=>({open:[],depth:0,begun:!1}),w=e=>({...e,open:[...e.open]});function y(e,t){let r=!t.begun&&e.sol();return t.begun=!0,r&&!!e.match(/^%%\w.*/)}function k(e,t){return"{[(".includes(e)?t.depth++:t.depth=Math.max(0,t.depth-1),"bracket"}function x(e,t,r){return e.open.length?null:Math.max(0,e.depth-!!/^\s*[}\])]/.test(t))*r.unit}function S(e,t,r){for(;!e.eol();){if(e.match(r)){t.open.pop();break}e.next()}return"comment"}function $(e,t){for(;!e.eol();)if(!e.match(/^(\$\$\{|%%\{|\\.)/)){if(e.match(/^[$%]\{/,!1)){if(e.pos>e.start)return"string";return e.match(/^[$%]\{~?/),t.open.push("value"),"bracket"}if('"'===e.next()){t.open.pop();break}}return"string"}let C=/^(for|in|if|else|endif|endfor)\b/;function j(e,t){if(y(e,t))return"meta";let r=t.open[t.open.length-1];if("/*"===r)return S(e,t,"*/");if('"'===r)return $(e,t);if(r?.startsWith("<<"))return e.sol()&&e.string.trim()===r.slice(2)?(t.open.pop(),e.skipToEnd(),"meta"):(e.skipToEnd(),"string");if(e.eatSpace())return null;if(e.match(/^(#|\/\/).*/))return"comment";if(e.match("/*"))return t.open.push("/*"),S(e,t,"*/");let n=e.match(/^<<-?([A-Za-z_]\w*)$/);if(n)return t.open.push("<<"+n[1]),"meta";if(e.match('"'))return t.open.push('"'),$(e,t);if("value"===r&&e.match(/^~?\}/))return t.open.pop(),"bracket";if(e.match(/^[{}[\]()]/)){let n=e.current();return"value"===r||"{"===r?("{[(".includes(n)?t.open.push("{"):"{"===r&&t.open.pop(),"bracket"):k(n,t)}return e.match(/^\d+(\.\d+)?([eE][+-]?\d+)?/)?"number":e.match(/^(true|false|null)\b/)?"atom":e.match(C)?"keyword":e.match(/^[A-Za-z_][\w-]*/)?""===e.string.slice(0,e.start).trim()&&e.match(/^\s*(["{]|[\w-]+\s*["{])/,!1)?"keyword":e.match(/^\s*=(?![=>])/,!1)?"propertyName":e.match(/^\(/,!1)?"variableName.standard":"."===e.string[e.start-1]?"propertyName":"variableName":e.match(/^(==|!=|<=|>=|&&|\|\||=>|\.\.\.|[-+*/%<>=!?:])/)?"operator":(e.next(),null)}let A=/^(package|import|default|not|with|as|some|every|in|if|contains|else)\b/;function M(e,t){if(y(e,t))return"meta";if(t.open.includes("`"))return S(e,t,"`"),"string";if(e.eatSpace())return null;if(e.match(/^#.*/))return"comment";if(e.match("`"))return t.open.push("`"),S(e,t,"`"),"string";if(e.match(/^"(\\.|[^"\\])*"?/))return"string";if(e.match(/^[{}[\]()]/))return k(e.current(),t);if(e.match(/^\d+(\.\d+)?([eE][+-]?\d+)?/))return"number";if(e.match(/^(true|false|null)\b/))return"atom";let r="."===e.string[e.pos-1];return!r&&e.match(A)?"keyword":e.match(/^[A-Za-z_]\w*/)?e.match(/^(\.\w+)*\(/,!1)?"variableName.standard":r?"propertyName":"variableName":e.match(/^(:=|==|!=|<=|>=|[-+*/%<>=&|:])/)?"operator":(e.next(),null)}function I(e,t,r){return new v.LanguageSupport(v.StreamLanguage.define({name:e,startState:b,copyState:w,token:t,indent:x,languageData:{commentTokens:r,indentOnInput:/^\s*[}\])]$/,closeBrackets:{brackets:["(","[","{",'"']}}}))}var T=r(660);function L(e,t={},...r){let n=document.createElement(e);for(let[e,r]of Object.entries(t))"function"==typeof r?n.addEventListener(e,r):!0===r?n.setAttribute(e,""):r&&n.setAttribute(e,r);return n.append(...r.filter(e=>!!e)),n}let E=(e,t)=>`${e} ${t}${1===e?"":"s"}`,N=e=>String(Math.round(100*e)/100);function R(e,t,r){let n=t?Math.round(100*e/t):0,a=L("i",{style:`width:${n}%`});return L("div",{class:"m208-bar",role:"progressbar",...{"aria-valuemin":"0","aria-valuemax":"100","aria-valuenow":String(n),"aria-label":r}},a)}let q=["nudge","pointer","near-solution"];function P(e){let t=e instanceof c?e:new c(String(e));return L("div",{class:"m208-fault",role:"alert"},L("p",{},L("b",{},`${t.what}.`)),t.why?L("p",{},t.why):null,t.next?L("p",{},"Next:"):null,t.next?L("pre",{},t.next):null)}class z extends T.Widget{course;tracker;rendermime;open;overview=null;works=new Map;step="";following=null;pulse=0;busy="";serviceFault=null;parts;constructor(e,t,r,n,a){super(),this.course=e,this.tracker=t,this.rendermime=r,this.open=n,this.id="mod208-panel",this.title.icon=a,this.title.caption="Course: task, check, hints, progress, services",this.addClass("m208-panel"),this.node.setAttribute("role","region"),this.node.setAttribute("aria-label","Course");let s=e=>L("section",{"aria-label":e});this.parts={course:s("Progress"),step:s("Task"),lab:s("Steps"),services:s("Services")},this.node.append(...Object.values(this.parts)),t.currentChanged.connect(()=>void this.turn()),t.activeCellChanged.connect(()=>this.follow()),o.NotebookActions.executed.connect(()=>void this.refresh()),this.turn()}onAfterShow(){this.refresh(),this.pulse=window.setInterval(()=>this.busy||void this.refresh(),1e4)}onBeforeHide(){window.clearInterval(this.pulse)}onActivateRequest(){(this.node.querySelector("button:not([disabled])")??this.node).focus()}get notebook(){return this.tracker.currentWidget}get path(){return this.notebook?.context.path??""}async turn(){let e=this.notebook;e!==this.following&&(this.following=e,this.step="",await e?.revealed,await this.refresh())}follow(){let e=this.overview?.lab&&this.notebook?function(e){let t=e.widgets.map(e=>e.model),r=Math.max(0,e.activeCellIndex);for(let e=r;e<t.length;e++){let r=g(t[e]);if(r)return r}for(let e=Math.min(r,t.length)-1;e>=0;e--){let r=g(t[e]);if(r)return r}return""}(this.notebook.content):"",t=this.overview?.lab?.steps.find(t=>t.id===e);(t?.id??"")===this.step||this.busy||(this.step=t?.id??"",this.drawStep(),this.drawLab())}async refresh(){if(!this.isVisible)return;try{this.overview=await this.course.overview(this.path)}catch(e){this.parts.course.replaceChildren(P(e));return}this.drawCourse(),this.drawServices();let e=this.step;this.follow(),this.step===e&&(this.drawLab(),this.busy||this.parts.step.hasChildNodes()||this.drawStep())}draw(e,...t){let r=e.contains(document.activeElement)&&document.activeElement?.getAttribute("data-key"),n=new Set(Array.from(e.querySelectorAll("details[open]")).map(e=>e.getAttribute("data-key")));e.replaceChildren(...t.filter(e=>!!e)),e.querySelectorAll("details").forEach(e=>{e.open=e.open||n.has(e.getAttribute("data-key"))}),r&&e.querySelector(`[data-key="${CSS.escape(r)}"]`)?.focus()}drawCourse(){let{done:e,of:t,earned:r,points:n,next:a}=this.overview.course,s=`${e} of ${t} done \xb7 ${N(r)} of ${N(n)} points`;this.draw(this.parts.course,L("h2",{},"Course"),R(e,t,"Progress of the course"),L("p",{class:"m208-dim"},s),a?this.button("continue",`Continue: ${a.label}`,()=>this.open(a.place)):L("p",{},"Everything is done."))}drawLab(){let e=this.overview?.lab;if(!e)return void this.draw(this.parts.lab);let t=e.steps.map(e=>{let[t,r]=this.sign(e);return L("li",{},L("button",{class:`m208-step m208-${r.replace(" ","-")}`,"data-key":`step-${e.id}`,title:`${e.id}: ${r}, ${E(e.points,"point")}`,"aria-current":e.id===this.step&&"step",click:()=>void this.open(e.place)},L("b",{"aria-hidden":"true"},t),L("span",{},e.title),L("span",{class:"m208-dim"},`${N(e.points)}`),L("span",{class:"m208-sr"},r)))}),r=e.steps.filter(e=>e.passed).length;this.draw(this.parts.lab,L("h2",{},e.title),R(r,e.steps.length,"Progress of the lab"),L("p",{class:"m208-dim"},`${r} of ${E(e.steps.length,"step")} \xb7 ${N(e.earned)} of ${N(e.points)} points`),L("ol",{},...t))}sign(e){return e.passed?["✓","passed"]:!1===e.passed?["✗","not yet"]:["○","open"]}get current(){return this.overview?.lab?.steps.find(e=>e.id===this.step)}work(e){let t=`${this.overview?.lab?.id} ${e}`,r=this.works.get(t)??{open:new Map};return this.works.set(t,r),r}drawStep(e){let t=this.current;if(!t){let e=this.overview?.lab;this.draw(this.parts.step,L("p",{class:"m208-dim"},e?"Choose a step below.":"Open a notebook of a lab: its task, check and hints stand here."));return}let r=this.work(t.id);this.draw(this.parts.step,L("h2",{},t.title),this.task(t),L("div",{class:"m208-row"},this.button("check","Check",()=>this.check(t),"m208-main"),this.hintButton(r),this.button("compare","Compare with the solution",()=>this.ask(t,"compare")),this.button("reset","Reset…",()=>this.ask(t,"reset"))),L("div",{class:"m208-note",role:"status"},e||(r.fault?P(r.fault):null)),this.judgement(t,r),this.changes(t,r))}task(e){var t,r;let n=/#cell-id=(.*)$/.exec(e.place)?.[1],a=n&&this.notebook?(t=this.notebook.content,r=decodeURIComponent(n),t.widgets.find(e=>e.model.id===r)?.model.sharedModel.getSource()??""):"";if(!a)return null;let s=this.rendermime.createRenderer("text/markdown"),o=this.rendermime.createModel({data:{"text/markdown":a.replace(/^#+ .*\n*/,"")}});return s.renderModel(o),L("details",{open:!0,"data-key":`task-${e.id}`},L("summary",{},"Task"),s.node)}judgement(e,t){var r;let n,a,s,o=t.verdict;if(!o){let[t,r]=this.sign(e);return L("p",{class:`m208-${r.replace(" ","-")}`},`${t} ${r}`,e.reason?`: ${e.reason}`:"")}return L("div",{class:"m208-verdict"},...(r=t.open,n=`${o.passed?N(o.points):0} of ${E(o.points,"point")}`,a=[o.counted,n].filter(Boolean).join(" \xb7 "),s=[...new Set(o.items.map(e=>e.group))],[L("p",{class:o.passed?"m208-passed":"m208-not-yet"},L("b",{},o.passed?"✓ passed":"✗ not yet"),` \xb7 ${a}`),...o.items.length&&!o.passed?s.map(e=>{var t,r;let n,a;return t=o,r=e,a=(n=t.items.filter(e=>e.group===r&&(e.name||!e.passed))).map(e=>L("li",{class:e.passed?"m208-passed":"m208-not-yet"},L("b",{},e.passed?"✓ ":"✗ "),e.reason||e.name)),L("div",{},r&&n.length?L("h3",{},r):null,L("ul",{},...a))}):[L("p",{},o.reason)],o.unrun.length?L("p",{class:"m208-unrun"},`The files are judged, and a cell says something else than its file: ${o.unrun.join(", ")}. Run it first.`):null,...o.due.flatMap(({reasons:e,hints:t})=>{let n=r.get(t.join("\n"))??0;return[n&&o.due.length>1?L("p",{class:"m208-dim"},`About: ${e.join("; ")}`):null,...t.slice(0,n).map((e,t)=>{var r,a,s;let o;return r=e,a=t,s=t===n-1,o=L("summary",{},`Hint ${a+1} of 3: ${q[a]}`),L("details",{open:s,"data-key":`hint-${r}`},o,2===a?L("pre",{},r):L("p",{},r))})]})]),o.passed&&o.next?this.button("next",`Next: ${o.next.title}`,()=>this.open(o.next.place),"m208-main"):null)}changes(e,t){let r;if(!t.changes)return null;let{title:n,text:a,said:s}=t.changes;return L("div",{},L("h3",{},n),a?(r=a.split("\n").map(e=>{let t=/^(\+\+\+|---|@@)/.test(e)?"m208-dim":({"+":"m208-ins","-":"m208-del"})[e[0]];return L("span",t?{class:t}:{},e+"\n")}),L("pre",{class:"m208-diff",tabindex:"0","aria-label":n},...r)):null,L("p",{},s),n.startsWith("Solution:")?this.button("solve","Write the solution…",()=>this.ask(e,"solve"),"m208-danger"):null)}drawServices(){let{services:e}=this.overview,t=e.filter(e=>"stopped"!==e.status),r=e.filter(e=>"stopped"===e.status);this.draw(this.parts.services,L("h2",{},"Services"),this.serviceFault?P(this.serviceFault):null,t.length?L("ul",{},...t.map(e=>this.service(e))):L("p",{class:"m208-dim"},"None is running."),L("details",{"data-key":"stopped"},L("summary",{},`${r.length} not started`),L("ul",{},...r.map(e=>this.service(e)))))}service(e){let t={running:"●",starting:"◐",stopped:"○",failed:"✗"}[e.status],r={running:"m208-passed",starting:"m208-dim",stopped:"m208-dim",failed:"m208-not-yet"}[e.status],[n,a]="running"===e.status?["Restart","restart"]:["Start","start"],s="failed"===e.status?"it was killed or crashed":e.status,o=async()=>{this.serviceFault=null,await this.during(`${n}ing ${e.name}`,`service-${e.name}`,()=>this.course.act("services",{name:e.name,action:a}),e=>this.serviceFault=e),await this.refresh()};return L("li",{class:"m208-service",title:[e.purpose,e.url].filter(Boolean).join(" \xb7 ")},L("b",{class:r,"aria-hidden":"true"},t),L("span",{},e.name),L("span",{class:r},s),"starting"===e.status?null:this.button(`service-${e.name}`,n,o,"",`${n} ${e.name}`))}button(e,t,r,n="",a=""){let s=L("button",{class:`m208-button ${n}`,type:"button","data-key":e,click:()=>void r()});return s.textContent=t,a&&s.setAttribute("aria-label",a),s.disabled=!!this.busy,s}hintButton(e){let t=e.verdict?.due??[];if(!t.length)return null;let r=t.find(({hints:t})=>(e.open.get(t.join("\n"))??0)<t.length);if(!r){let e=this.button("hint","No more hints",()=>void 0);return e.disabled=!0,e.dataset.off="true",e}let n=r.hints.join("\n"),a=e.open.get(n)??0;return this.button("hint",`Hint ${a+1} of 3: ${q[a]}`,()=>{e.open.set(n,a+1),this.drawStep()})}async during(e,t,r,n){if(this.busy)return null;this.busy=e;let a=`mod208:seconds:${t}`,s=window.localStorage.getItem(a),o=L("p",{class:"m208-working",role:"status"}),i=Date.now(),l=()=>{let t=Math.round((Date.now()-i)/1e3);o.textContent=`${e} … ${t} s${s?` (last time ${s} s)`:""}`},d=window.setInterval(l,1e3);l();let p=e=>this.node.querySelectorAll(".m208-button:not([data-off])").forEach(t=>t.disabled=e);p(!0);let c=this.parts.step.querySelector(".m208-note")??this.parts.services;(t.startsWith("service-")?this.parts.services:c).prepend(o);try{let e=await r();return window.localStorage.setItem(a,String(Math.max(1,Math.round((Date.now()-i)/1e3)))),e}catch(e){return n(e),null}finally{window.clearInterval(d),o.remove(),this.busy="",p(!1)}}async doing(e,t,r,n={}){let a=this.work(e.id);a.fault=void 0,this.drawStep();let s="compare"===r?r:`${r}-${this.overview?.lab?.id}-${e.id}`,o={path:this.path,step:e.id,...n},i=await this.during(t,s,()=>this.course.act(r,o),e=>a.fault=e);return this.drawStep(),i}cells(e=""){return Object.fromEntries((this.notebook?.content.widgets??[]).map(e=>e.model).filter(t=>!e||g(t)===e).map(e=>f(e.sharedModel.getSource())).filter(e=>e?.lab===this.overview?.lab?.id).map(e=>[e.path,e.body]))}judged(e,t){let r=new Set(t.due.map(({hints:e})=>e.join("\n")));e.open=new Map([...e.open].filter(([e])=>r.has(e))),e.verdict=t}async check(e){let t=this.work(e.id),r=await this.doing(e,"Checking","check",{cells:this.cells(e.id)});r&&(this.judged(t,r),t.changes=void 0,this.drawStep(),await this.refresh()),this.parts.step.querySelector('[data-key="check"]')?.focus()}ask(e,t){let[r,n]={compare:["Show the solution of this step beside your files? Nothing is written.","Yes, show it"],solve:["Write the solution of this step over your files? Yours are kept under backup/.","Yes, write the solution"],reset:["Put the starter files of this step back? Yours are kept under backup/.","Yes, reset this step"]}[t],a=()=>"compare"===t?this.compare(e):this.restore(e,t),s=this.button("yes",n,a,"compare"===t?"m208-main":"m208-danger"),o=this.button("no","No",()=>this.drawStep());this.drawStep(L("div",{role:"alert"},L("p",{},r),L("div",{class:"m208-row"},s,o))),o.focus()}async compare(e){let t=this.work(e.id),r=await this.doing(e,"Looking","compare");if(r){let e=r.changes?"− is yours, + is the solution.":"Your files are those of the solution.";t.changes={title:"Solution: difference to your files",text:r.changes,said:e},this.drawStep()}}async restore(e,t){let[r,n,a]=[this.overview?.lab?.id,this.notebook,this.work(e.id)],[s,o]="solve"===t?["Solving","Written"]:["Resetting","Starter files"],i=await this.doing(e,s,t,{cells:this.cells()});i&&(n?.content.widgets.forEach(({model:{sharedModel:e}})=>{let t=f(e.getSource());t?.lab===r&&t&&void 0!==i.cells[t.path]&&e.setSource(`%%workfile ${t.lab} ${t.path}
${i.cells[t.path].replace(/\n$/,"")}`)}),this.judged(a,i.verdict),a.changes={title:o,text:i.changes,said:i.said},this.drawStep(),await this.refresh())}}r(665);let F=new l.LabIcon({name:"mod208:course",svgstr:'<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161"><path d="M3 4h12v2H3zM3 11h12v2H3zM3 18h8v2H3z"/><path d="m16.2 20.6-3.3-3.3 1.4-1.4 1.9 1.9 4.5-4.5 1.4 1.4z"/></g></svg>'}),H=[{id:"mod208:languages",description:"Colours HCL and Rego in files and in the cells that write them.",autoStart:!0,requires:[s.IEditorLanguageRegistry,o.INotebookTracker],activate:(e,t,r)=>{let n;t.addLanguage({name:"hcl",displayName:"HCL (Terraform)",alias:["terraform","tf"],mime:"text/x-hcl",extensions:["tf","hcl","tfvars"],support:I("hcl",j,{line:"#",block:{open:"/*",close:"*/"}})}),t.addLanguage({name:"rego",displayName:"Rego (OPA)",mime:"text/x-rego",extensions:["rego"],support:I("rego",M,{line:"#"})}),n=new WeakSet,r.widgetAdded.connect((e,r)=>{let a=r.content,s=()=>a.widgets.forEach(e=>((e,r)=>{if("code"!==r.model.type||n.has(r.model))return;n.add(r.model);let a=()=>{let n=f(r.model.sharedModel.getSource()),a=n&&t.findByFileName(n.path.split("/").pop()??""),s=a&&"python"!==a.name.toLowerCase()?a.mime:e.codeMimetype;return"string"==typeof s?s:s[0]},s=()=>{let e=r.model.mimeType;e!==a()&&t.getLanguage(e).then(()=>{setTimeout(()=>{r.isDisposed||r.model.mimeType===a()||(r.model.mimeType=a())})})};r.model.contentChanged.connect(s),r.model.mimeTypeChanged.connect(s),s()})(a,e));r.context.ready.then(()=>{s(),a.model?.cells.changed.connect(()=>{requestAnimationFrame(s)})}),a.modelContentChanged.connect(s)})}},{id:"mod208:copies",description:"A button that copies what is shown.",autoStart:!0,activate:e=>void e.restored.then(()=>{var t;let r,n;t=e.shell.node,r=!1,n=()=>{r=!1,t.querySelectorAll(".jp-RenderedMarkdown pre, .m208 pre, .m208-panel pre").forEach(e=>{e.querySelector(":scope > .m208-copy")||function(e){if(!e.textContent?.trim())return;e.classList.add("m208-copyable");let t=document.createElement("button");t.className="m208-copy",t.type="button";let r=(e,r)=>{t.replaceChildren(e.element({elementSize:"small"})),t.title=r,t.setAttribute("aria-label",r)};t.addEventListener("click",t=>{t.stopPropagation(),a.Clipboard.copyToSystem((e.textContent??"").replace(/\n$/,"")),r(l.checkIcon,"Copied"),setTimeout(()=>r(l.copyIcon,"Copy"),1500)}),r(l.copyIcon,"Copy"),e.prepend(t)}(e)})},new MutationObserver(()=>{r||(r=!0,requestAnimationFrame(n))}).observe(t,{childList:!0,subtree:!0}),n()})},{id:"mod208:panel",description:"Task, check, hints, solution, progress and services beside the notebook.",autoStart:!0,requires:[o.INotebookTracker,i.IRenderMimeRegistry],optional:[n.ILabShell,a.ICommandPalette,n.ILayoutRestorer],activate:(e,t,r,n,a,s)=>{let o=new z(new u(e.serviceManager.serverSettings),t,r,async t=>{let[r,n]=t.split("#"),a=await e.commands.execute("docmanager:open",{path:r});if(a&&n){await a.context.ready,await a.revealed,await a.setFragment(`#${n}`);let e=a.content.widgets.findIndex(e=>`cell-id=${e.model.id}`===decodeURIComponent(n));e>=0&&(a.content.activeCellIndex=e)}},F);e.shell.add(o,"right",{rank:10}),s?.add(o,"mod208-panel");let i="mod208:panel";e.commands.addCommand(i,{label:"Course: Task, Check, Hints and Progress",icon:F,execute:()=>{o.isVisible&&o.node.contains(document.activeElement)?(n?.collapseRight(),t.currentWidget?.activate()):e.shell.activateById(o.id)}}),e.commands.addKeyBinding({command:i,keys:["Alt Shift C"],selector:"body"}),a?.addItem({command:i,category:"Course"})}}]},646(e,t,r){var n=r(601),a=r.n(n),s=r(314),o=(r.n(s))()(a());o.push([e.id,`/* The panel takes JupyterLab's own colours, so that it is light and dark with it. */
.m208-panel {
  --m208-good: #1a6e34;
  --m208-bad: #a31621;
  --m208-dim: #4d5663;
  overflow: auto;
  padding: 8px 12px;
  background: var(--jp-layout-color1);
  color: var(--jp-content-font-color1);
  font: 13px/1.45 var(--jp-ui-font-family);
  overflow-wrap: anywhere;
}

/* JupyterLab's own least width of a side bar leaves a reason four words a line. */
#jp-right-stack > .m208-panel.lm-Widget {
  min-width: 330px;
}

[data-jp-theme-light='false'] .m208-panel {
  --m208-good: #7ee2a0;
  --m208-bad: #ff9d94;
  --m208-dim: #b6bdc8;
}

.m208-panel section {
  padding: 0 0 10px;
  margin: 0 0 10px;
  border-bottom: 1px solid var(--jp-border-color2);
}

.m208-panel section:empty {
  display: none;
}

.m208-panel section:last-child {
  border: 0;
}

.m208-panel h2 {
  margin: 0 0 4px;
  font-size: 14px;
  font-weight: 600;
}

.m208-panel h3 {
  margin: 8px 0 2px;
  font-size: 13px;
  font-weight: 600;
}

.m208-panel p {
  margin: 4px 0;
  white-space: pre-line;
}

.m208-panel ul,
.m208-panel ol {
  margin: 4px 0;
  padding: 0;
  list-style: none;
}

.m208-panel .jp-RenderedMarkdown {
  padding: 0;
  font-size: 13px;
}

.m208-panel pre {
  margin: 4px 0;
  padding: 6px 8px;
  max-height: 24em;
  overflow: auto;
  background: var(--jp-layout-color2);
  color: var(--jp-content-font-color1);
  font: 12px/1.4 var(--jp-code-font-family);
  white-space: pre-wrap;
}

.m208-panel summary {
  cursor: pointer;
}

.m208-panel .m208-dim {
  color: var(--m208-dim);
}

.m208-panel .m208-passed > b,
.m208-panel b.m208-passed,
.m208-panel .m208-ins {
  color: var(--m208-good);
}

.m208-panel .m208-not-yet > b,
.m208-panel b.m208-not-yet,
.m208-panel .m208-del,
.m208-panel .m208-fault b {
  color: var(--m208-bad);
}

.m208-panel .m208-bar {
  height: 6px;
  border-radius: 3px;
  overflow: hidden;
  background: var(--jp-layout-color3);
}

.m208-panel .m208-bar > i {
  display: block;
  height: 100%;
  background: var(--jp-brand-color1);
}

.m208-panel .m208-row {
  display: flex;
  flex-wrap: wrap;
  gap: 6px;
  margin: 6px 0;
}

.m208-panel .m208-button {
  padding: 3px 10px;
  border: 1px solid var(--jp-border-color1);
  border-radius: 3px;
  background: var(--jp-layout-color2);
  color: var(--jp-content-font-color1);
  font: inherit;
  text-align: left;
  cursor: pointer;
}

.m208-panel .m208-main {
  border: 2px solid var(--jp-brand-color1);
  font-weight: 600;
}

.m208-panel .m208-danger {
  border: 2px solid var(--m208-bad);
}

.m208-panel .m208-button:hover:enabled,
.m208-panel .m208-step:hover {
  background: var(--jp-layout-color3);
}

.m208-panel .m208-button:disabled {
  cursor: default;
  border-style: dashed;
}

.m208-panel .m208-step {
  display: flex;
  width: 100%;
  gap: 8px;
  padding: 3px 4px;
  border: 0;
  border-left: 3px solid transparent;
  background: none;
  color: inherit;
  font: inherit;
  text-align: left;
  cursor: pointer;
}

.m208-panel .m208-step > span:nth-child(2) {
  flex: 1;
}

.m208-panel .m208-step[aria-current] {
  border-left-color: var(--jp-brand-color1);
  font-weight: 600;
}

.m208-panel .m208-service {
  display: flex;
  flex-wrap: wrap;
  gap: 2px 8px;
  align-items: center;
  padding: 1px 0;
}

.m208-panel .m208-service > span:nth-child(2) {
  flex: 1;
}

.m208-panel .m208-service .m208-button {
  padding: 0 8px;
}

.m208-panel :focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

.m208-sr {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

.m208-copy {
  float: right;
  position: sticky;
  top: 0;
  width: 24px;
  height: 22px;
  margin: 0 0 0 6px;
  padding: 2px 0 0;
  border: 1px solid var(--jp-border-color2);
  border-radius: 3px;
  background: var(--jp-layout-color1);
  cursor: pointer;
  opacity: 0.7;
}

.m208-copy:hover,
.m208-copy:focus-visible,
pre:hover > .m208-copy {
  opacity: 1;
}
`,""]),r.d(t,{},{A:o})},314(e){e.exports=function(e){var t=[];return t.toString=function(){return this.map(function(t){var r="",n=void 0!==t[5];return t[4]&&(r+="@supports (".concat(t[4],") {")),t[2]&&(r+="@media ".concat(t[2]," {")),n&&(r+="@layer".concat(t[5].length>0?" ".concat(t[5]):""," {")),r+=e(t),n&&(r+="}"),t[2]&&(r+="}"),t[4]&&(r+="}"),r}).join("")},t.i=function(e,r,n,a,s){"string"==typeof e&&(e=[[null,e,void 0]]);var o={};if(n)for(var i=0;i<this.length;i++){var l=this[i][0];null!=l&&(o[l]=!0)}for(var d=0;d<e.length;d++){var p=[].concat(e[d]);n&&o[p[0]]||(void 0!==s&&(void 0===p[5]||(p[1]="@layer".concat(p[5].length>0?" ".concat(p[5]):""," {").concat(p[1],"}")),p[5]=s),r&&(p[2]&&(p[1]="@media ".concat(p[2]," {").concat(p[1],"}")),p[2]=r),a&&(p[4]?(p[1]="@supports (".concat(p[4],") {").concat(p[1],"}"),p[4]=a):p[4]="".concat(a)),t.push(p))}},t}},601(e){e.exports=function(e){return e[1]}},665(e,t,r){r.r(t);var n=r(72),a=r.n(n),s=r(825),o=r.n(s),i=r(659),l=r.n(i),d=r(56),p=r.n(d),c=r(540),u=r.n(c),h=r(113),m=r.n(h),f=r(646),g={};g.styleTagTransform=m(),g.setAttributes=p(),g.insert=l().bind(null,"head"),g.domAPI=o(),g.insertStyleElement=u(),a()(f.A,g);let v=f.A&&f.A.locals?f.A.locals:void 0;r.d(t,{},{default:v})},72(e){var t=[];function r(e){for(var r=-1,n=0;n<t.length;n++)if(t[n].identifier===e){r=n;break}return r}function n(e,n){for(var a={},s=[],o=0;o<e.length;o++){var i=e[o],l=n.base?i[0]+n.base:i[0],d=a[l]||0,p="".concat(l," ").concat(d);a[l]=d+1;var c=r(p),u={css:i[1],media:i[2],sourceMap:i[3],supports:i[4],layer:i[5]};if(-1!==c)t[c].references++,t[c].updater(u);else{var h=function(e,t){var r=t.domAPI(t);return r.update(e),function(t){t?(t.css!==e.css||t.media!==e.media||t.sourceMap!==e.sourceMap||t.supports!==e.supports||t.layer!==e.layer)&&r.update(e=t):r.remove()}}(u,n);n.byIndex=o,t.splice(o,0,{identifier:p,updater:h,references:1})}s.push(p)}return s}e.exports=function(e,a){var s=n(e=e||[],a=a||{});return function(e){e=e||[];for(var o=0;o<s.length;o++){var i=r(s[o]);t[i].references--}for(var l=n(e,a),d=0;d<s.length;d++){var p=r(s[d]);0===t[p].references&&(t[p].updater(),t.splice(p,1))}s=l}}},659(e){var t={};e.exports=function(e,r){var n=function(e){if(void 0===t[e]){var r=document.querySelector(e);if(window.HTMLIFrameElement&&r instanceof window.HTMLIFrameElement)try{r=r.contentDocument.head}catch(e){r=null}t[e]=r}return t[e]}(e);if(!n)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");n.appendChild(r)}},540(e){e.exports=function(e){var t=document.createElement("style");return e.setAttributes(t,e.attributes),e.insert(t,e.options),t}},56(e,t,r){e.exports=function(e){var t=r.nc;t&&e.setAttribute("nonce",t)}},825(e){e.exports=function(e){if("u"<typeof document)return{update:function(){},remove:function(){}};var t=e.insertStyleElement(e);return{update:function(r){var n,a,s;n="",r.supports&&(n+="@supports (".concat(r.supports,") {")),r.media&&(n+="@media ".concat(r.media," {")),(a=void 0!==r.layer)&&(n+="@layer".concat(r.layer.length>0?" ".concat(r.layer):""," {")),n+=r.css,a&&(n+="}"),r.media&&(n+="}"),r.supports&&(n+="}"),(s=r.sourceMap)&&"u">typeof btoa&&(n+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(s))))," */")),e.styleTagTransform(n,t,e.options)},remove:function(){var e;null===(e=t).parentNode||e.parentNode.removeChild(e)}}}},113(e){e.exports=function(e,t){if(t.styleSheet)t.styleSheet.cssText=e;else{for(;t.firstChild;)t.removeChild(t.firstChild);t.appendChild(document.createTextNode(e))}}}}]);