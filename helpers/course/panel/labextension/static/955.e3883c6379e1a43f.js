"use strict";(self.rspackChunkmod208=self.rspackChunkmod208||[]).push([[955],{598(e,t,n){n.r(t),n.d(t,{default:()=>Y});var r=n(647),a=n(656),s=n(245),o=n(444),i=n(906),l=n(267),d=n(954);class c extends Error{what;why;next;constructor(e,t="",n=""){super(e),this.what=e,this.why=t,this.next=n}}class p{settings;constructor(e){this.settings=e}overview(e){return this.ask("?"+new URLSearchParams({path:e}).toString())}act(e,t){return this.ask(`/${e}`,{method:"POST",body:JSON.stringify(t)})}async ask(e,t={}){let n,r=l.URLExt.join(this.settings.baseUrl,"mod208/panel")+e;try{n=await d.ServerConnection.makeRequest(r,t,this.settings)}catch{throw new c("JupyterLab does not answer","Its server has ended, or the network is gone.",l.PageConfig.getOption("hubPrefix")?"Start your server in the hub, and reload this page":"make lab")}if(403===n.status)throw new c("JupyterLab no longer lets this page in","You signed out, or its server was started again.","Reload this page");if(404===n.status)throw new c("The course does not answer","This server runs without the course's part, which its environment would bring.","make lab");let a=await n.json().catch(()=>({}));if(!n.ok)throw new c(a.what??a.message??`The course answered ${n.status}`,a.why,a.next);return a}}let u=/^%%workfile[ \t]+(\S+)[ \t]+(\S+)[^\n]*(?:\n|$)/,h=/lab\.(?:check|grade)\(["']([\w-]+)["']\)/;function m(e){let t=u.exec(e);return t&&{lab:t[1],path:t[2],body:e.slice(t[0].length)}}function f(e){let t=e.getMetadata("mod208"),n="code"===e.type?h.exec(e.sharedModel.getSource()):null;return t?.step??n?.[1]??""}var g=n(421);let w=()=>({open:[],depth:0,begun:!1}),b=e=>({...e,open:[...e.open]});function v(e,t){let n=!t.begun&&e.sol();return t.begun=!0,n&&!!e.match(/^%%\w.*/)}function y(e,t){return"{[(".includes(e)?t.depth++:t.depth=Math.max(0,t.depth-1),"bracket"}function k(e,t,n){return e.open.length?null:Math.max(0,e.depth-!!/^\s*[}\])]/.test(t))*n.unit}function x(e,t,n){for(;!e.eol();){if(e.match(n)){t.open.pop();break}e.next()}return"comment"}function S(e,t){for(;!e.eol();)if(!e.match(/^(\$\$\{|%%\{|\\.)/)){if(e.match(/^[$%]\{/,!1)){if(e.pos>e.start)return"string";return e.match(/^[$%]\{~?/),t.open.push("value"),"bracket"}if('"'===e.next()){t.open.pop();break}}return"string"}let $=/^(for|in|if|else|endif|endfor)\b/;function C(e,t){if(v(e,t))return"meta";let n=t.open[t.open.length-1];if("/*"===n)return x(e,t,"*/");if('"'===n)return S(e,t);if(n?.startsWith("<<"))return e.sol()&&e.string.trim()===n.slice(2)?(t.open.pop(),e.skipToEnd(),"meta"):(e.skipToEnd(),"string");if(e.eatSpace())return null;if(e.match(/^(#|\/\/).*/))return"comment";if(e.match("/*"))return t.open.push("/*"),x(e,t,"*/");let r=e.match(/^<<-?([A-Za-z_]\w*)$/);if(r)return t.open.push("<<"+r[1]),"meta";if(e.match('"'))return t.open.push('"'),S(e,t);if("value"===n&&e.match(/^~?\}/))return t.open.pop(),"bracket";if(e.match(/^[{}[\]()]/)){let r=e.current();return"value"===n||"{"===n?("{[(".includes(r)?t.open.push("{"):"{"===n&&t.open.pop(),"bracket"):y(r,t)}return e.match(/^\d+(\.\d+)?([eE][+-]?\d+)?/)?"number":e.match(/^(true|false|null)\b/)?"atom":e.match($)?"keyword":e.match(/^[A-Za-z_][\w-]*/)?""===e.string.slice(0,e.start).trim()&&e.match(/^\s*(["{]|[\w-]+\s*["{])/,!1)?"keyword":e.match(/^\s*=(?![=>])/,!1)?"propertyName":e.match(/^\(/,!1)?"variableName.standard":"."===e.string[e.start-1]?"propertyName":"variableName":e.match(/^(==|!=|<=|>=|&&|\|\||=>|\.\.\.|[-+*/%<>=!?:])/)?"operator":(e.next(),null)}let j=/^(package|import|default|not|with|as|some|every|in|if|contains|else)\b/;function A(e,t){if(v(e,t))return"meta";if(t.open.includes("`"))return x(e,t,"`"),"string";if(e.eatSpace())return null;if(e.match(/^#.*/))return"comment";if(e.match("`"))return t.open.push("`"),x(e,t,"`"),"string";if(e.match(/^"(\\.|[^"\\])*"?/))return"string";if(e.match(/^[{}[\]()]/))return y(e.current(),t);if(e.match(/^\d+(\.\d+)?([eE][+-]?\d+)?/))return"number";if(e.match(/^(true|false|null)\b/))return"atom";let n="."===e.string[e.pos-1];return!n&&e.match(j)?"keyword":e.match(/^[A-Za-z_]\w*/)?e.match(/^(\.\w+)*\(/,!1)?"variableName.standard":n?"propertyName":"variableName":e.match(/^(:=|==|!=|<=|>=|[-+*/%<>=&|:])/)?"operator":(e.next(),null)}function M(e,t,n){return new g.LanguageSupport(g.StreamLanguage.define({name:e,startState:w,copyState:b,token:t,indent:k,languageData:{commentTokens:n,indentOnInput:/^\s*[}\])]$/,closeBrackets:{brackets:["(","[","{",'"']}}}))}var T=n(660);function I(e,t={},...n){let r=document.createElement(e);for(let[e,n]of Object.entries(t))"function"==typeof n?r.addEventListener(e,n):!0===n?r.setAttribute(e,""):n&&r.setAttribute(e,n);return r.append(...n.filter(e=>!!e)),r}function L(e,...t){let n=e.contains(document.activeElement)&&document.activeElement?.getAttribute("data-key"),r=new Map(Array.from(e.querySelectorAll("details")).map(e=>[e.dataset.key,e.open]));e.replaceChildren(...t.filter(e=>!!e)),e.querySelectorAll("details").forEach(e=>{e.open=r.get(e.dataset.key)??e.open}),n&&e.querySelector(`[data-key="${CSS.escape(n)}"]`)?.focus()}let E=(e,t)=>`${e} ${t}${1===e?"":"s"}`,N=e=>String(Math.round(100*e)/100);function R(e,t,n){let r=t?Math.round(100*e/t):0,a=I("i",{style:`width:${r}%`});return I("div",{class:"m208-bar",role:"progressbar",...{"aria-valuemin":"0","aria-valuemax":"100","aria-valuenow":String(r),"aria-label":n}},a)}class q{node;what="";constructor(e){this.node=e}button(e,t,n,r="",a=""){let s=I("button",{class:`m208-button ${r}`,type:"button","data-key":e,click:()=>void n()});return s.textContent=t,a&&s.setAttribute("aria-label",a),s.disabled=!!this.what,s}async during(e,t,n,r,a){if(this.what)return null;this.what=e;let s=`mod208:seconds:${t}`,o=window.localStorage.getItem(s),i=I("p",{class:"m208-working",role:"status"}),l=Date.now(),d=()=>{let t=Math.round((Date.now()-l)/1e3);i.textContent=`${e} … ${t} s${o?` (last time ${o} s)`:""}`},c=window.setInterval(d,1e3);d(),this.hold(!0),n.prepend(i);try{let e=await r();return window.localStorage.setItem(s,String(Math.max(1,Math.round((Date.now()-l)/1e3)))),e}catch(e){return a(e),null}finally{window.clearInterval(c),i.remove(),this.what="",this.hold(!1)}}hold(e){this.node.querySelectorAll(".m208-button:not([data-off])").forEach(t=>t.disabled=e)}}let P=["nudge","pointer","near-solution"];function W(e){let t=e instanceof c?e:new c(String(e));return I("div",{class:"m208-fault",role:"alert"},I("p",{},I("b",{},`${t.what}.`)),t.why?I("p",{},t.why):null,t.next?I("p",{},"Next:"):null,t.next?I("pre",{},t.next):null)}let O={running:"●",starting:"◐",stopped:"○",failed:"✗"},z={running:"m208-passed",starting:"m208-dim",stopped:"m208-dim",failed:"m208-not-yet"};class H{course;busy;refresh;node=I("section",{"aria-label":"Services"});fault=null;constructor(e,t,n){this.course=e,this.busy=t,this.refresh=n}draw(e){let t=e.filter(e=>"stopped"!==e.status),n=e.filter(e=>"stopped"===e.status);L(this.node,I("h2",{},"Services"),this.fault?W(this.fault):null,t.length?I("ul",{},...t.map(e=>this.row(e))):I("p",{class:"m208-dim"},"None is running."),I("details",{"data-key":"stopped"},I("summary",{},`${n.length} not started`),I("ul",{},...n.map(e=>this.row(e)))))}row(e){let t=z[e.status],[n,r]="running"===e.status?["Restart","restart"]:["Start","start"],a="failed"===e.status?"it was killed or crashed":e.status,s=async()=>{this.fault=null,await this.busy.during(`${n}ing ${e.name}`,`service-${e.name}`,this.node,()=>this.course.act("services",{name:e.name,action:r}),e=>this.fault=e),await this.refresh()},o=`service-${e.name}`;return I("li",{class:"m208-service",title:[e.purpose,e.url].filter(Boolean).join(" \xb7 ")},I("b",{class:t,"aria-hidden":"true"},O[e.status]),I("span",{},e.name),I("span",{class:t},a),"starting"===e.status?null:this.busy.button(o,n,s,"",`${n} ${e.name}`))}}function B(e){return e.passed?["✓","passed"]:!1===e.passed?["✗","not yet"]:["○","open"]}let D=new c("This notebook is not in its directory any more","It was moved, renamed or deleted outside JupyterLab.","Open it at its new place, in the file browser");class J extends T.Widget{course;tracker;open;overview=null;works=new Map;step="";following=null;shown=null;pulse=0;calm=0;due=!1;looking=null;busy=new q(this.node);services;parts;constructor(e,t,n,r){super(),this.course=e,this.tracker=t,this.open=n,this.id="mod208-panel",this.title.icon=r,this.title.caption="Course: task, check, hints, progress, services",this.addClass("m208-panel"),this.node.setAttribute("role","region"),this.node.setAttribute("aria-label","Course");let a=e=>I("section",{"aria-label":e});this.parts={course:a("Progress"),step:a("Task"),lab:a("Steps")},this.services=new H(e,this.busy,()=>this.refresh()),this.node.append(...Object.values(this.parts),this.services.node),t.currentChanged.connect(()=>void this.turn()),t.activeCellChanged.connect(()=>this.follow()),o.NotebookActions.executed.connect(()=>{window.clearTimeout(this.calm),this.calm=window.setTimeout(()=>void this.refresh(),500)}),this.turn()}onAfterShow(){this.refresh(),window.clearInterval(this.pulse),this.pulse=window.setInterval(()=>this.busy.what||void this.refresh(),1e4)}onBeforeHide(){window.clearInterval(this.pulse)}onActivateRequest(){(this.node.querySelector("button:not([disabled])")??this.node).focus()}get notebook(){return this.shown?.isDisposed?null:this.shown}async turn(){let e=this.tracker.currentWidget;e!==this.following&&(this.following=e,await e?.revealed,await this.refresh())}follow(){var e;let t,n,r;if(this.busy.what||this.shown!==this.tracker.currentWidget)return;let a=new Set(this.overview?.lab?.steps.map(e=>e.id)),s=this.notebook?(e=this.notebook.content,t=e.widgets.map(e=>f(e.model)),n=Math.max(0,e.activeCellIndex),r=e=>a.has(e),t.slice(n).find(r)??t.slice(0,n).reverse().find(r)??""):"";s!==this.step&&(this.step=s,this.drawStep(),this.drawLab())}refresh(){return this.isVisible?(this.due=!0,this.looking??=this.look().finally(()=>this.looking=null),this.looking):Promise.resolve()}async look(){for(;this.due;){this.due=!1;let e=this.tracker.currentWidget;try{let t=await this.course.overview(e?.context.path??"");e===this.tracker.currentWidget?this.take(t,e):this.due=!0}catch(e){L(this.parts.course,W(e))}}}take(e,t){let n=this.overview,r=this.shown!==t||n?.lab?.id!==e.lab?.id||n?.gone!==e.gone;this.overview=e,this.shown=t,this.drawCourse(),this.services.draw(e.services);let a=this.step;this.follow(),this.step===a&&(this.drawLab(),this.busy.what||!r&&this.parts.step.hasChildNodes()||this.drawStep())}drawCourse(){let{done:e,of:t,earned:n,points:r,next:a}=this.overview.course,s=`${e} of ${t} questions, steps and answers done \xb7 ${N(n)} of ${N(r)} points`;L(this.parts.course,I("h2",{},"Course"),R(e,t,"Progress of the course"),I("p",{class:"m208-dim"},s),a?this.busy.button("continue",`Continue: ${a.label}`,()=>this.open(a.place)):I("p",{},"Everything is done."))}drawLab(){var e,t;let n,r,a=this.overview?.lab;L(this.parts.lab,...a?(e=this.step,t=this.open,n=a.steps.filter(e=>e.passed).length,r=`${N(a.earned)} of ${N(a.points)} points`,[I("h2",{},a.title),R(n,a.steps.length,"Progress of the lab"),I("p",{class:"m208-dim"},`${n} of ${E(a.steps.length,"step")} \xb7 ${r}`),I("ol",{},...a.steps.map(n=>(function(e,t,n){let[r,a]=B(e);return I("li",{},I("button",{class:`m208-step m208-${a.replace(" ","-")}`,type:"button","data-key":`step-${e.id}`,title:`${e.id}: ${a}, ${E(e.points,"point")}`,"aria-current":t&&"step",click:()=>void n(e.place)},I("b",{"aria-hidden":"true"},r),I("span",{},e.title),I("span",{class:"m208-dim"},`${N(e.points)}`),I("span",{class:"m208-sr"},a)))})(n,n.id===e,t)))]):[])}get current(){return this.overview?.lab?.steps.find(e=>e.id===this.step)}work(e){let t=`${this.overview?.lab?.id} ${e}`,n=this.works.get(t)??{open:new Map};return this.works.set(t,n),n}drawStep(e){let t=this.current;if(!t){let{lab:e,gone:t}=this.overview??{};L(this.parts.step,t?W(D):I("p",{class:"m208-dim"},e?"Choose a step below.":"Open a notebook of a lab: its task, check and hints stand here."));return}let n=this.work(t.id);L(this.parts.step,I("h2",{},t.title),this.task(t),I("div",{class:"m208-row"},this.busy.button("check","Check",()=>this.check(t),"m208-main"),this.hintButton(n),this.busy.button("compare","Compare with the solution",()=>this.ask(t,"compare")),this.busy.button("reset","Reset…",()=>this.ask(t,"reset"))),I("div",{class:"m208-note",role:"status"},e||(n.fault?W(n.fault):null)),this.judgement(t,n),this.changes(t,n))}task(e){var t,n;let r=/#cell-id=(.*)$/.exec(e.place)?.[1],a=r&&this.notebook?(t=this.notebook.content,n=decodeURIComponent(r),t.widgets.find(e=>e.model.id===n)?.model.sharedModel.getSource()??""):"";if(!a)return null;let s=this.notebook.content.rendermime,o=s.createRenderer("text/markdown"),i=s.createModel({data:{"text/markdown":a.replace(/^#+ .*\n*/,"")}});return o.renderModel(i),I("details",{open:!0,"data-key":`task-${e.id}`},I("summary",{},"Task"),o.node)}judgement(e,t){var n,r;let a,s,o,i=t.verdict;if(!i){let[t,n]=B(e);return I("p",{class:`m208-${n.replace(" ","-")}`},`${t} ${n}`,e.reason?`: ${e.reason}`:"")}return I("div",{class:"m208-verdict"},...(n=t.open,a=`${i.passed?N(i.points):0} of ${E(i.points,"point")}`,s=[i.counted,a].filter(Boolean).join(" \xb7 "),o=[...new Set(i.items.map(e=>e.group))],[I("p",{class:i.passed?"m208-passed":"m208-not-yet"},I("b",{},i.passed?"✓ passed":"✗ not yet"),` \xb7 ${s}`),...i.items.length&&!i.passed?o.map(e=>{var t,n;let r,a;return t=i,n=e,a=(r=t.items.filter(e=>e.group===n&&(e.name||!e.passed))).map(e=>I("li",{class:e.passed?"m208-passed":"m208-not-yet"},I("b",{},e.passed?"✓ ":"✗ "),e.reason||e.name)),I("div",{},n&&r.length?I("h3",{},n):null,I("ul",{},...a))}):[I("p",{},i.reason)],i.unrun.length?I("p",{class:"m208-unrun"},1===(r=i.unrun).length?`The files are judged, and a cell says something else than its file: ${r[0]}. Run it first.`:`The files are judged, and cells say something else than their files: ${r.join(", ")}. Run them first.`):null,...i.due.flatMap(({reasons:e,hints:t})=>{let r=n.get(t.join("\n"))??0;return[r&&i.due.length>1?I("p",{class:"m208-dim"},`About: ${e.join("; ")}`):null,...t.slice(0,r).map((e,n)=>{var a,s,o,i;let l;return a=e,s=n,o=t.length,i=n===r-1,l=I("summary",{},`Hint ${s+1} of ${o}: ${P[s]}`),I("details",{open:i,"data-key":`hint-${a}`},l,2===s?I("pre",{},a):I("p",{},a))})]})]),i.passed&&i.next?this.busy.button("next",`Next: ${i.next.title}`,()=>this.open(i.next.place),"m208-main"):null)}changes(e,t){let n;if(!t.changes)return null;let{title:r,text:a,said:s}=t.changes;return I("div",{},I("h3",{},r),a?(n=a.split("\n").map(e=>{let t=/^(\+\+\+|---|@@)/.test(e)?"m208-dim":({"+":"m208-ins","-":"m208-del"})[e[0]];return I("span",t?{class:t}:{},e+"\n")}),I("pre",{class:"m208-diff",tabindex:"0","data-key":"changes","aria-label":r},...n)):null,I("p",{},s),r.startsWith("Solution:")?this.busy.button("solve","Write the solution…",()=>this.ask(e,"solve"),"m208-danger"):null)}hintButton(e){let t=e.verdict?.due??[];if(!t.length)return null;let n=t.find(({hints:t})=>(e.open.get(t.join("\n"))??0)<t.length);if(!n){let e=this.busy.button("hint","No more hints",()=>void 0);return e.disabled=!0,e.dataset.off="true",e}let r=n.hints.join("\n"),a=e.open.get(r)??0;return this.busy.button("hint",`Hint ${a+1} of ${n.hints.length}: ${P[a]}`,()=>{e.open.set(r,a+1),this.drawStep();let t=this.parts.step.querySelectorAll('details[data-key^="hint-"]');t.item(t.length-1)?.scrollIntoView({block:"nearest"})})}async doing(e,t,n,r={}){let a=this.work(e.id);a.fault=void 0,this.drawStep();let s="compare"===n?n:`${n}-${this.overview?.lab?.id}-${e.id}`,o={path:this.notebook?.context.path??"",step:e.id,...r},i=this.parts.step.querySelector(".m208-note")??this.parts.step,l=()=>this.course.act(n,o),d=await this.busy.during(t,s,i,l,e=>a.fault=e);return this.drawStep(),this.follow(),d}cells(e=""){return Object.fromEntries((this.notebook?.content.widgets??[]).map(e=>e.model).filter(t=>!e||f(t)===e).map(e=>m(e.sharedModel.getSource())).filter(e=>e?.lab===this.overview?.lab?.id).map(e=>[e.path,e.body]))}judged(e,t){let n=new Set(t.due.map(({hints:e})=>e.join("\n")));e.open=new Map([...e.open].filter(([e])=>n.has(e))),e.verdict=t}async check(e){let t=this.work(e.id),n=await this.doing(e,"Checking","check",{cells:this.cells(e.id)});n&&(this.judged(t,n),t.changes=void 0,this.drawStep(),await this.refresh()),this.focus("check")}focus(...e){let t=document.activeElement;if(t&&t!==document.body&&!this.node.contains(t))return;let n=e.map(e=>this.parts.step.querySelector(`[data-key="${e}"]`));n.find(e=>e)?.focus()}ask(e,t){let[n,r]={compare:["Show the solution of this step beside your files? Nothing is written.","Yes, show it"],solve:["Write the solution of this step over your files? Yours are kept under backup/.","Yes, write the solution"],reset:["Put the starter files of this step back? Yours are kept under backup/.","Yes, reset this step"]}[t],a=()=>"compare"===t?this.compare(e):this.restore(e,t),s=this.busy.button("yes",r,a,"compare"===t?"m208-main":"m208-danger"),o=this.busy.button("no","No",()=>this.drawStep());this.drawStep(I("div",{role:"alert"},I("p",{},n),I("div",{class:"m208-row"},s,o))),o.focus()}async compare(e){let t=this.work(e.id),n=await this.doing(e,"Looking","compare");if(n){let e=n.changes?"− is yours, + is the solution.":"Your files are those of the solution.";t.changes={title:"Solution: difference to your files",text:n.changes,said:e},this.drawStep()}this.focus(n?"changes":"compare","compare")}async restore(e,t){let[n,r,a]=[this.overview?.lab?.id,this.notebook,this.work(e.id)],[s,o]="solve"===t?["Solving","Written"]:["Resetting","Starter files"],i=await this.doing(e,s,t,{cells:this.cells()});i?((r?.isDisposed?[]:r?.content.widgets??[]).forEach(({model:{sharedModel:e}})=>{let t=m(e.getSource());t?.lab===n&&t&&void 0!==i.cells[t.path]&&e.setSource(`%%workfile ${t.lab} ${t.path}
${i.cells[t.path].replace(/\n$/,"")}`)}),this.judged(a,i.verdict),a.changes={title:o,text:i.changes,said:i.said},this.drawStep(),await this.refresh(),this.focus("next","check")):this.focus(t,"check")}}n(665);let U=new i.LabIcon({name:"mod208:course",svgstr:'<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><g class="jp-icon3" fill="#616161"><path d="M3 4h12v2H3zM3 11h12v2H3zM3 18h8v2H3z"/><path d="m16.2 20.6-3.3-3.3 1.4-1.4 1.9 1.9 4.5-4.5 1.4 1.4z"/></g></svg>'}),Y=[{id:"mod208:languages",description:"Colours HCL and Rego in files and in the cells that write them.",autoStart:!0,requires:[s.IEditorLanguageRegistry,o.INotebookTracker],activate:(e,t,n)=>{let r;t.addLanguage({name:"hcl",displayName:"HCL (Terraform)",alias:["terraform","tf"],mime:"text/x-hcl",extensions:["tf","hcl","tfvars"],support:M("hcl",C,{line:"#",block:{open:"/*",close:"*/"}})}),t.addLanguage({name:"rego",displayName:"Rego (OPA)",mime:"text/x-rego",extensions:["rego"],support:M("rego",A,{line:"#"})}),r=new WeakSet,n.widgetAdded.connect((e,n)=>{let a=n.content,s=()=>a.widgets.forEach(e=>((e,n)=>{if("code"!==n.model.type||r.has(n.model))return;r.add(n.model);let a=()=>{let r=m(n.model.sharedModel.getSource()),a=r&&t.findByFileName(r.path.split("/").pop()??""),s=a&&"python"!==a.name.toLowerCase()?a.mime:e.codeMimetype;return"string"==typeof s?s:s[0]},s=()=>{let e=n.model.mimeType;e!==a()&&t.getLanguage(e).then(()=>{setTimeout(()=>{n.isDisposed||n.model.mimeType===a()||(n.model.mimeType=a())})})};n.model.contentChanged.connect(s),n.model.mimeTypeChanged.connect(s),s()})(a,e));n.context.ready.then(()=>{s(),a.model?.cells.changed.connect(()=>{requestAnimationFrame(s)})}),a.modelContentChanged.connect(s)})}},{id:"mod208:copies",description:"A button that copies what is shown.",autoStart:!0,activate:e=>void e.restored.then(()=>{var t;let n,r;t=e.shell.node,n=!1,r=()=>{n=!1,t.querySelectorAll(".jp-RenderedMarkdown pre, .m208 pre, .m208-panel pre").forEach(e=>{e.querySelector(":scope > .m208-copy")||function(e){if(!e.textContent?.trim())return;e.classList.add("m208-copyable");let t=document.createElement("button");t.className="m208-copy",t.type="button";let n=(e,n)=>{t.replaceChildren(e.element({elementSize:"small"})),t.title=n,t.setAttribute("aria-label",n)};t.addEventListener("click",t=>{t.stopPropagation(),a.Clipboard.copyToSystem((e.textContent??"").replace(/\n$/,"")),n(i.checkIcon,"Copied"),setTimeout(()=>n(i.copyIcon,"Copy"),1500)}),n(i.copyIcon,"Copy"),e.prepend(t)}(e)})},new MutationObserver(()=>{n||(n=!0,requestAnimationFrame(r))}).observe(t,{childList:!0,subtree:!0}),r()})},{id:"mod208:panel",description:"Task, check, hints, solution, progress and services beside the notebook.",autoStart:!0,requires:[o.INotebookTracker],optional:[r.ILabShell,a.ICommandPalette,r.ILayoutRestorer],activate:(e,t,n,r,a)=>{let s=new J(new p(e.serviceManager.serverSettings),t,async t=>{let[n,r]=t.split("#"),a=await e.commands.execute("docmanager:open",{path:n});if(a&&r){await a.context.ready,await a.revealed,await a.setFragment(`#${r}`);let e=a.content.widgets.findIndex(e=>`cell-id=${e.model.id}`===decodeURIComponent(r));e>=0&&(a.content.activeCellIndex=e)}},U);e.shell.add(s,"right",{rank:10}),a?.add(s,"mod208-panel");let o="mod208:panel";e.commands.addCommand(o,{label:"Course: Task, Check, Hints and Progress",icon:U,execute:()=>{s.isVisible&&s.node.contains(document.activeElement)?(n?.collapseRight(),t.currentWidget?.activate()):e.shell.activateById(s.id)}}),e.commands.addKeyBinding({command:o,keys:["Alt Shift C"],selector:"body"}),r?.addItem({command:o,category:"Course"})}}]},646(e,t,n){var r=n(601),a=n.n(r),s=n(314),o=(n.n(s))()(a());o.push([e.id,`/* The panel takes JupyterLab's own colours, so that it is light and dark with it. */
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

/* A word of a narrow column is not broken; a wide table is scrolled. */
.m208-panel .jp-RenderedMarkdown table {
  display: block;
  overflow-x: auto;
  overflow-wrap: normal;
}

.m208-panel .jp-RenderedMarkdown img {
  max-width: 100%;
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
`,""]),n.d(t,{},{A:o})},314(e){e.exports=function(e){var t=[];return t.toString=function(){return this.map(function(t){var n="",r=void 0!==t[5];return t[4]&&(n+="@supports (".concat(t[4],") {")),t[2]&&(n+="@media ".concat(t[2]," {")),r&&(n+="@layer".concat(t[5].length>0?" ".concat(t[5]):""," {")),n+=e(t),r&&(n+="}"),t[2]&&(n+="}"),t[4]&&(n+="}"),n}).join("")},t.i=function(e,n,r,a,s){"string"==typeof e&&(e=[[null,e,void 0]]);var o={};if(r)for(var i=0;i<this.length;i++){var l=this[i][0];null!=l&&(o[l]=!0)}for(var d=0;d<e.length;d++){var c=[].concat(e[d]);r&&o[c[0]]||(void 0!==s&&(void 0===c[5]||(c[1]="@layer".concat(c[5].length>0?" ".concat(c[5]):""," {").concat(c[1],"}")),c[5]=s),n&&(c[2]&&(c[1]="@media ".concat(c[2]," {").concat(c[1],"}")),c[2]=n),a&&(c[4]?(c[1]="@supports (".concat(c[4],") {").concat(c[1],"}"),c[4]=a):c[4]="".concat(a)),t.push(c))}},t}},601(e){e.exports=function(e){return e[1]}},665(e,t,n){n.r(t);var r=n(72),a=n.n(r),s=n(825),o=n.n(s),i=n(659),l=n.n(i),d=n(56),c=n.n(d),p=n(540),u=n.n(p),h=n(113),m=n.n(h),f=n(646),g={};g.styleTagTransform=m(),g.setAttributes=c(),g.insert=l().bind(null,"head"),g.domAPI=o(),g.insertStyleElement=u(),a()(f.A,g);let w=f.A&&f.A.locals?f.A.locals:void 0;n.d(t,{},{default:w})},72(e){var t=[];function n(e){for(var n=-1,r=0;r<t.length;r++)if(t[r].identifier===e){n=r;break}return n}function r(e,r){for(var a={},s=[],o=0;o<e.length;o++){var i=e[o],l=r.base?i[0]+r.base:i[0],d=a[l]||0,c="".concat(l," ").concat(d);a[l]=d+1;var p=n(c),u={css:i[1],media:i[2],sourceMap:i[3],supports:i[4],layer:i[5]};if(-1!==p)t[p].references++,t[p].updater(u);else{var h=function(e,t){var n=t.domAPI(t);return n.update(e),function(t){t?(t.css!==e.css||t.media!==e.media||t.sourceMap!==e.sourceMap||t.supports!==e.supports||t.layer!==e.layer)&&n.update(e=t):n.remove()}}(u,r);r.byIndex=o,t.splice(o,0,{identifier:c,updater:h,references:1})}s.push(c)}return s}e.exports=function(e,a){var s=r(e=e||[],a=a||{});return function(e){e=e||[];for(var o=0;o<s.length;o++){var i=n(s[o]);t[i].references--}for(var l=r(e,a),d=0;d<s.length;d++){var c=n(s[d]);0===t[c].references&&(t[c].updater(),t.splice(c,1))}s=l}}},659(e){var t={};e.exports=function(e,n){var r=function(e){if(void 0===t[e]){var n=document.querySelector(e);if(window.HTMLIFrameElement&&n instanceof window.HTMLIFrameElement)try{n=n.contentDocument.head}catch(e){n=null}t[e]=n}return t[e]}(e);if(!r)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");r.appendChild(n)}},540(e){e.exports=function(e){var t=document.createElement("style");return e.setAttributes(t,e.attributes),e.insert(t,e.options),t}},56(e,t,n){e.exports=function(e){var t=n.nc;t&&e.setAttribute("nonce",t)}},825(e){e.exports=function(e){if("u"<typeof document)return{update:function(){},remove:function(){}};var t=e.insertStyleElement(e);return{update:function(n){var r,a,s;r="",n.supports&&(r+="@supports (".concat(n.supports,") {")),n.media&&(r+="@media ".concat(n.media," {")),(a=void 0!==n.layer)&&(r+="@layer".concat(n.layer.length>0?" ".concat(n.layer):""," {")),r+=n.css,a&&(r+="}"),n.media&&(r+="}"),n.supports&&(r+="}"),(s=n.sourceMap)&&"u">typeof btoa&&(r+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(s))))," */")),e.styleTagTransform(r,t,e.options)},remove:function(){var e;null===(e=t).parentNode||e.parentNode.removeChild(e)}}}},113(e){e.exports=function(e,t){if(t.styleSheet)t.styleSheet.cssText=e;else{for(;t.firstChild;)t.removeChild(t.firstChild);t.appendChild(document.createTextNode(e))}}}}]);