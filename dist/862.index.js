export const id = 862;
export const ids = [862];
export const modules = {

/***/ 7862:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   EnvironmentProxyAgent: () => (/* binding */ EnvironmentProxyAgent)
/* harmony export */ });
/* harmony import */ var node_http__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(7067);
/* harmony import */ var node_https__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(4708);
/* harmony import */ var agent_base__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(319);
/* harmony import */ var http_proxy_agent__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(8947);
/* harmony import */ var https_proxy_agent__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(1566);
/* harmony import */ var proxy_from_env__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(8182);






const OPTIONS = { keepAlive: true };
/**
 * Sends each request the way the proxy variables say (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either
 * case), sockets included: what is a proxy for https:// is one for wss:// too.
 */
class EnvironmentProxyAgent extends agent_base__WEBPACK_IMPORTED_MODULE_2__/* .Agent */ .g6 {
    #direct = { http: new node_http__WEBPACK_IMPORTED_MODULE_0__.Agent(OPTIONS), https: new node_https__WEBPACK_IMPORTED_MODULE_1__.Agent(OPTIONS) };
    #proxies = new Map();
    #proxyFor;
    /** `proxyFor` gives the proxy's URL, or an empty text; by default it is what the variables say. */
    constructor(proxyFor = proxy_from_env__WEBPACK_IMPORTED_MODULE_5__/* .getProxyForUrl */ .T) {
        super(OPTIONS);
        this.#proxyFor = proxyFor;
    }
    connect(request, { secureEndpoint }) {
        const scheme = secureEndpoint ? "https" : "http";
        const proxy = this.#proxyFor(`${scheme}://${String(request.getHeader("host"))}`);
        if (proxy === "")
            return this.#direct[scheme];
        // Through a tunnel, unless it is a plain request, which a proxy may pass on itself. Over a connection of its own:
        // on one that is used again the library sends the head as it was before it was told of the proxy.
        const tunnel = secureEndpoint || request.getHeader("upgrade") !== undefined;
        const key = `${String(tunnel)} ${proxy}`;
        const agent = this.#proxies.get(key) ?? (tunnel ? new https_proxy_agent__WEBPACK_IMPORTED_MODULE_4__/* .HttpsProxyAgent */ .b(proxy, OPTIONS) : new http_proxy_agent__WEBPACK_IMPORTED_MODULE_3__/* .HttpProxyAgent */ .s(proxy));
        this.#proxies.set(key, agent);
        return agent;
    }
    destroy() {
        for (const agent of [...this.#proxies.values(), ...Object.values(this.#direct)])
            agent.destroy();
        super.destroy();
    }
}


/***/ })

};
