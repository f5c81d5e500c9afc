// A page that is read from a folder may start no Worker. There a hidden frame runs the script in its place, so that search
// works, and Material's offline plugin has no need to fetch a script that does the same.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.addEventListener("message", event => this.dispatchEvent(new MessageEvent("message", { data: event.data })));
      this.frame = frame;
      this.ready = new Promise(done => frame.addEventListener("load", done));
      frame.srcdoc =
        '<script>postMessage = data => frameElement.dispatchEvent(new MessageEvent("message", { data }))</' + "script>" +
        '<script src="' + new URL(url, location.href) + '"></' + "script>";
      document.body.append(frame);
    }
    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {
      this.frame.remove();
    }
  };
}
