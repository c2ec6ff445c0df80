// Leadflow on a web page: what visitors look at, and which forms they send. It is served minified (api/script.go).
// Nothing of what is typed is read, of an address only its path and utm_ parameters, and nobody but the house is told.
(() => {
  const script = document.currentScript, settings = script?.dataset ?? {};
  if (window.leadflow) return;
  const endpoint = settings.endpoint ?? script.src.replace(/\/lf\.js.*/, '');
  const required = settings.consent === 'required';
  const refused = [navigator.doNotTrack, window.doNotTrack].includes('1') || navigator.globalPrivacyControl || !settings.key;
  if (!settings.key) console.warn('leadflow: the script tag needs data-key="lf_..."');

  // The id is a cookie, so that the site's own server can read it too and it ends by itself. "off" is a no that is kept.
  const cookie = () => /(?:^|; )lf_visitor=(\w+)/.exec(document.cookie)?.[1];
  const keep = (value) => {
    document.cookie = `lf_visitor=${value}; path=/; max-age=${value && 34560000 || 0}; SameSite=Lax` +
      (location.protocol === 'https:' ? '; Secure' : '') + (settings.domain ? '; domain=' + settings.domain : '');
  };
  const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => (b + 256).toString(16).slice(1)).join('');

  let granted = !required;
  // Who the visitor is; nothing where nothing may be kept.
  const visitor = () => {
    const known = cookie();
    if (refused || known === 'off' || !known && !granted) return;
    if (!known) keep(random());
    return cookie();
  };

  // What was sent and not yet answered waits here, for the next page where need be. Ids make what arrives twice one.
  let memory = [];
  const waiting = () => {
    try { return JSON.parse(localStorage.getItem('lf_queue')) ?? []; } catch { return memory; }
  };
  const wait = (events) => {
    memory = events.slice(-50);
    try {
      if (memory.length) localStorage.setItem('lf_queue', JSON.stringify(memory)); else localStorage.removeItem('lf_queue');
    } catch {}
  };
  // A key in the address and a body of plain text need no preflight: what is sent while the page is left arrives.
  // Browsers bound what may outlive a page, so what is sent again does not: it waits here all the same.
  const post = (path, body) => fetch(endpoint + path + '?key=' + settings.key, { method: 'POST', body: JSON.stringify(body), keepalive: !body[1], credentials: 'omit' });
  const send = (events) => {
    if (events.length) post('/v1/events', events).then(async (answer) => {
      const { status } = answer, later = status > 499 || status === 429 || (await answer.text()).includes('"unavailable"');
      if (!later) wait(waiting().filter(({ id }) => !events.some((e) => e.id === id)));
    }).catch(() => {});
  };
  // The browser's clock is told only of what comes late: it may be wrong, and arrival is soon.
  const track = (type, properties) => {
    const visitor_id = visitor();
    if (!visitor_id) return;
    const event = { id: random(), type, visitor_id, properties };
    wait([...waiting(), { ...event, occurred_at: new Date() }]);
    send([event]);
  };

  let last;
  const view = () => {
    const path = location.pathname, query = new URLSearchParams(location.search);
    if (path === last || !visitor()) return;
    const properties = { path, referrer: last ? location.origin + last : document.referrer.split(/[?#]/)[0] };
    for (const name of ['source', 'medium', 'campaign', 'term', 'content']) {
      const value = query.get('utm_' + name);
      if (value) properties['utm_' + name] = value;
    }
    last = path;
    track('page_view', properties);
  };

  // A tracked link hands over who came. It leaves the address bar at once, and goes back with the visitor's id.
  let token;
  const clean = location.href.replace(/([?&])lf_id=([\w-]+)&?/, (_, before, found) => { token = found; return before; });
  if (token) history.replaceState(history.state, '', clean.replace(/[?&](?=#|$)/, ''));

  const start = () => {
    const visitor_id = visitor();
    if (!visitor_id) return;
    send(waiting());
    if (token) post('/v1/visitors/identify', { visitor_id, token }).catch(() => {});
    token = '';
    view();
  };
  const consent = (given) => {
    granted = given;
    if (!given) {
      keep(required ? '' : 'off');
      wait([]);
    } else if (cookie() === 'off') keep('');
    start();
  };
  window.leadflow = { track, consent };

  if (refused) {
    keep('');
    return wait([]);
  }
  const { pushState } = history;
  history.pushState = function (...args) {
    pushState.apply(this, args);
    view();
  };
  addEventListener('popstate', view);
  addEventListener('online', () => visitor() && send(waiting()));
  // Our own forms say by themselves that they were sent; others are told of, by name.
  document.addEventListener('submit', ({ target: form }) => {
    const of = (name) => form.getAttribute(name) ?? '', id = visitor(), marked = form.hasAttribute('data-leadflow');
    const ours = new URL(of('action'), location).href.startsWith(endpoint + '/f/');
    if (!ours && !marked) return;
    form.querySelector('input[type=hidden][name=visitor_id]')?.remove();
    if (id && /post/i.test(of('method'))) {
      const field = document.createElement('input');
      Object.assign(field, { type: 'hidden', name: 'visitor_id', value: id });
      form.append(field);
    }
    if (!ours) track('form_submit', { form: of('data-leadflow') || of('name') || of('id'), path: location.pathname });
  }, true);
  if (document.prerendering) document.addEventListener('prerenderingchange', start, { once: true }); else start();
})();
