"use strict";(self.rspackChunkmod208=self.rspackChunkmod208||[]).push([[266],{646(e,r,o){var a=o(601),n=o.n(a),t=o(314),p=(o.n(t))()(n());p.push([e.id,`/* The panel takes JupyterLab's own colours, so that it is light and dark with it. */
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
`,""]),o.d(r,{},{A:p})},314(e){e.exports=function(e){var r=[];return r.toString=function(){return this.map(function(r){var o="",a=void 0!==r[5];return r[4]&&(o+="@supports (".concat(r[4],") {")),r[2]&&(o+="@media ".concat(r[2]," {")),a&&(o+="@layer".concat(r[5].length>0?" ".concat(r[5]):""," {")),o+=e(r),a&&(o+="}"),r[2]&&(o+="}"),r[4]&&(o+="}"),o}).join("")},r.i=function(e,o,a,n,t){"string"==typeof e&&(e=[[null,e,void 0]]);var p={};if(a)for(var i=0;i<this.length;i++){var l=this[i][0];null!=l&&(p[l]=!0)}for(var d=0;d<e.length;d++){var s=[].concat(e[d]);a&&p[s[0]]||(void 0!==t&&(void 0===s[5]||(s[1]="@layer".concat(s[5].length>0?" ".concat(s[5]):""," {").concat(s[1],"}")),s[5]=t),o&&(s[2]&&(s[1]="@media ".concat(s[2]," {").concat(s[1],"}")),s[2]=o),n&&(s[4]?(s[1]="@supports (".concat(s[4],") {").concat(s[1],"}"),s[4]=n):s[4]="".concat(n)),r.push(s))}},r}},601(e){e.exports=function(e){return e[1]}},665(e,r,o){o.r(r);var a=o(72),n=o.n(a),t=o(825),p=o.n(t),i=o(659),l=o.n(i),d=o(56),s=o.n(d),c=o(540),m=o.n(c),u=o(113),f=o.n(u),h=o(646),v={};v.styleTagTransform=f(),v.setAttributes=s(),v.insert=l().bind(null,"head"),v.domAPI=p(),v.insertStyleElement=m(),n()(h.A,v);let b=h.A&&h.A.locals?h.A.locals:void 0;o.d(r,{},{default:b})},72(e){var r=[];function o(e){for(var o=-1,a=0;a<r.length;a++)if(r[a].identifier===e){o=a;break}return o}function a(e,a){for(var n={},t=[],p=0;p<e.length;p++){var i=e[p],l=a.base?i[0]+a.base:i[0],d=n[l]||0,s="".concat(l," ").concat(d);n[l]=d+1;var c=o(s),m={css:i[1],media:i[2],sourceMap:i[3],supports:i[4],layer:i[5]};if(-1!==c)r[c].references++,r[c].updater(m);else{var u=function(e,r){var o=r.domAPI(r);return o.update(e),function(r){r?(r.css!==e.css||r.media!==e.media||r.sourceMap!==e.sourceMap||r.supports!==e.supports||r.layer!==e.layer)&&o.update(e=r):o.remove()}}(m,a);a.byIndex=p,r.splice(p,0,{identifier:s,updater:u,references:1})}t.push(s)}return t}e.exports=function(e,n){var t=a(e=e||[],n=n||{});return function(e){e=e||[];for(var p=0;p<t.length;p++){var i=o(t[p]);r[i].references--}for(var l=a(e,n),d=0;d<t.length;d++){var s=o(t[d]);0===r[s].references&&(r[s].updater(),r.splice(s,1))}t=l}}},659(e){var r={};e.exports=function(e,o){var a=function(e){if(void 0===r[e]){var o=document.querySelector(e);if(window.HTMLIFrameElement&&o instanceof window.HTMLIFrameElement)try{o=o.contentDocument.head}catch(e){o=null}r[e]=o}return r[e]}(e);if(!a)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");a.appendChild(o)}},540(e){e.exports=function(e){var r=document.createElement("style");return e.setAttributes(r,e.attributes),e.insert(r,e.options),r}},56(e,r,o){e.exports=function(e){var r=o.nc;r&&e.setAttribute("nonce",r)}},825(e){e.exports=function(e){if("u"<typeof document)return{update:function(){},remove:function(){}};var r=e.insertStyleElement(e);return{update:function(o){var a,n,t;a="",o.supports&&(a+="@supports (".concat(o.supports,") {")),o.media&&(a+="@media ".concat(o.media," {")),(n=void 0!==o.layer)&&(a+="@layer".concat(o.layer.length>0?" ".concat(o.layer):""," {")),a+=o.css,n&&(a+="}"),o.media&&(a+="}"),o.supports&&(a+="}"),(t=o.sourceMap)&&"u">typeof btoa&&(a+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(t))))," */")),e.styleTagTransform(a,r,e.options)},remove:function(){var e;null===(e=r).parentNode||e.parentNode.removeChild(e)}}}},113(e){e.exports=function(e,r){if(r.styleSheet)r.styleSheet.cssText=e;else{for(;r.firstChild;)r.removeChild(r.firstChild);r.appendChild(document.createTextNode(e))}}}}]);