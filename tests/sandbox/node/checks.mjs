// The checks that the Node SDK makes against a running sandbox, by name. Each gets what it needs and throws if it fails.
import assert from 'node:assert/strict';

const MAIN = { calendarId: 'primary' };
const ODD = 'a/b c?d@e#f+g=h';

export const checks = {
  async 'it reads and changes the application'({ nylas, seat }) {
    const found = (await nylas.applications.getDetails()).data;
    assert.equal(found.applicationId, seat.applicationId);
    assert.ok(found.branding.name);
    const changed = await nylas.applications.update({ requestBody: { branding: { name: 'CRM' } } });
    assert.equal(changed.data.branding.name, 'CRM');
  },

  async 'it manages redirect addresses'({ nylas }) {
    const { redirectUris } = nylas.applications;
    const made = (await redirectUris.create({ requestBody: { url: 'https://crm.example/node', platform: 'web' } })).data;
    assert.equal((await redirectUris.find({ redirectUriId: made.id })).data.url, made.url);
    const requestBody = { url: 'https://crm.example/other', platform: 'web' };
    assert.equal((await redirectUris.update({ redirectUriId: made.id, requestBody })).data.url, requestBody.url);
    assert.ok((await redirectUris.list()).data.some((one) => one.id === made.id));
    await redirectUris.destroy({ redirectUriId: made.id });
    await refused(redirectUris.find({ redirectUriId: made.id }), 404);
  },

  async 'it lists, finds, changes and removes grants'({ nylas, seat }) {
    const all = (await nylas.grants.list({ queryParams: { limit: 50, sortBy: 'created_at', orderBy: 'asc' } })).data;
    assert.equal(all[0].email, seat.email);
    const found = (await nylas.grants.find({ grantId: all[0].id })).data;
    assert.equal(found.grantStatus, 'valid');
    const last = all.filter((one) => one.email !== seat.oddEmail).at(-1).id;
    const changed = await nylas.grants.update({ grantId: last, requestBody: { scope: ['Calendars.Read'] } });
    assert.deepEqual(changed.data.scope, ['Calendars.Read']);
    assert.ok((await nylas.grants.destroy({ grantId: last })).requestId);
    await refused(nylas.grants.find({ grantId: last }), 404);
  },

  async 'it lists, finds, creates, changes and removes calendars'({ nylas, identifier }) {
    const requestBody = { name: 'Trips', metadata: { key1: 't' } };
    const made = (await nylas.calendars.create({ identifier, requestBody })).data;
    const pair = { metadataPair: { key1: 't' } };
    assert.deepEqual(ids((await nylas.calendars.list({ identifier, queryParams: pair })).data), [made.id]);
    const changed = await nylas.calendars.update({ identifier, calendarId: made.id, requestBody: { name: 'Travel' } });
    assert.deepEqual([changed.data.name, changed.data.metadata], ['Travel', { key1: 't' }]);
    assert.equal((await nylas.calendars.find({ identifier, calendarId: 'primary' })).data.isPrimary, true);
    await nylas.calendars.destroy({ identifier, calendarId: made.id });
    await refused(nylas.calendars.find({ identifier, calendarId: made.id }), 404);
  },

  async 'it lists more than one page when the limit asks for it'({ nylas, identifier }) {
    const queryParams = { ...MAIN, ...wide(), limit: 230 };
    const found = (await nylas.calendars.list({ identifier })).data.length;
    assert.ok(found >= 1);
    await refused(nylas.events.list({ identifier, queryParams }), 400);
    const list = await nylas.events.list({ identifier, queryParams: { ...MAIN, ...wide(), limit: 37 } });
    assert.equal(list.data.length, 37);
    assert.ok(list.nextCursor);
  },

  async 'it collects short pages until it has its limit'({ nylas, identifier, control }) {
    await control('POST', 'faults', { kind: 'short_list', items: 2, count: 3 });
    const list = await nylas.events.list({ identifier, queryParams: { ...MAIN, ...wide(), limit: 9 } });
    assert.equal(list.data.length, 9);
    assert.equal(new Set(ids(list.data)).size, 9);
  },

  async 'it pages with next()'({ nylas, identifier, seat }) {
    const seen = [];
    let page = await nylas.events.list({ identifier, queryParams: { ...MAIN, ...wide(), limit: 50 } });
    while (page) {
      seen.push(...ids(page.data));
      page = page.nextCursor
        ? await nylas.events.list({
            identifier,
            queryParams: { ...MAIN, ...wide(), limit: Math.min(50, seat.stored - seen.length), pageToken: page.nextCursor },
          })
        : null;
    }
    assert.deepEqual([seen.length, new Set(seen).size], [seat.stored, seat.stored]);
  },

  async 'it iterates over all pages'({ nylas, identifier, seat }) {
    const seen = [];
    for await (const page of nylas.events.list({ identifier, queryParams: { ...MAIN, ...wide(), limit: 40 } })) {
      seen.push(...ids(page.data));
    }
    assert.equal(new Set(seen).size, seat.stored);
  },

  async 'it creates, finds, changes and deletes events'({ nylas, identifier }) {
    const requestBody = {
      title: 'Offer',
      when: { startTime: 1767229200, endTime: 1767232800, startTimezone: 'Europe/Berlin', endTimezone: 'Europe/Berlin' },
      participants: [{ email: 'x@y.example', name: 'X' }],
      metadata: { key1: 'crm-7' },
      reminders: { useDefault: false, overrides: [{ reminderMinutes: 20, reminderMethod: 'popup' }] },
      visibility: 'private',
      busy: false,
    };
    const queryParams = { ...MAIN, notifyParticipants: false };
    const made = (await nylas.events.create({ identifier, requestBody, queryParams })).data;
    const found = (await nylas.events.find({ identifier, eventId: made.id, queryParams: MAIN })).data;
    assert.deepEqual([found.title, found.when.object, found.busy], ['Offer', 'timespan', false]);
    assert.deepEqual(found.reminders.overrides, [{ reminderMinutes: 20, reminderMethod: 'popup' }]);
    const update = { identifier, eventId: made.id, requestBody: { title: 'Order' }, queryParams };
    const changed = (await nylas.events.update(update)).data;
    assert.deepEqual([changed.title, changed.metadata], ['Order', { key1: 'crm-7' }]);
    assert.ok((await nylas.events.destroy({ identifier, eventId: made.id, queryParams })).requestId);
    const gone = (await nylas.events.find({ identifier, eventId: made.id, queryParams: MAIN })).data;
    assert.equal(gone.status, 'cancelled');
  },

  async 'it finds events by metadata and selects fields'({ nylas, identifier }) {
    const requestBody = { title: 'Marked', when: { date: '2026-02-03' }, metadata: { key2: 'a:b c&d=e' } };
    const made = (await nylas.events.create({ identifier, requestBody, queryParams: MAIN })).data;
    const queryParams = { ...MAIN, metadataPair: { key2: 'a:b c&d=e' } };
    assert.deepEqual(ids((await nylas.events.list({ identifier, queryParams })).data), [made.id]);
    const few = await nylas.events.list({ identifier, queryParams: { ...queryParams, select: 'id,title' } });
    assert.deepEqual(few.data, [{ id: made.id, title: 'Marked' }]);
  },

  async 'it works with series and their occurrences'({ nylas, identifier }) {
    const when = { startTime: 1770282000, endTime: 1770285600, startTimezone: 'Europe/Berlin', endTimezone: 'Europe/Berlin' };
    const requestBody = { title: 'Weekly', when, recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'] };
    const made = (await nylas.events.create({ identifier, requestBody, queryParams: MAIN })).data;
    const window = { ...MAIN, start: String(when.startTime), end: String(when.startTime + 40 * 86400), limit: 200 };
    const expanded = await nylas.events.list({ identifier, queryParams: { ...window, masterEventId: made.id, expandRecurring: true } });
    const parts = expanded.data.filter((one) => one.masterEventId === made.id);
    assert.equal(parts.length, 4);
    await nylas.events.update({ identifier, eventId: parts[1].id, requestBody: { title: 'Moved' }, queryParams: MAIN });
    await nylas.events.destroy({ identifier, eventId: parts[2].id, queryParams: MAIN });
    const rest = await nylas.events.list({ identifier, queryParams: { ...window, masterEventId: made.id, expandRecurring: true } });
    assert.deepEqual(rest.data.map((one) => one.title).sort(), ['Moved', 'Weekly', 'Weekly']);
    const kept = (await nylas.events.find({ identifier, eventId: made.id, queryParams: MAIN })).data;
    assert.deepEqual(kept.recurrence, requestBody.recurrence);
  },

  async 'it imports events'({ nylas, identifier }) {
    const list = await nylas.events.listImportEvents({ identifier, queryParams: { ...MAIN, ...wide(), limit: 500 } });
    assert.ok(list.data.some((one) => one.recurrence));
    assert.ok(list.data.every((one) => one.metadata === undefined));
  },

  async 'it answers invitations and asks who is busy'({ nylas, identifier, seat }) {
    const requestBody = { when: { startTime: 1770382000, endTime: 1770385600 }, participants: [{ email: seat.email }] };
    const made = (await nylas.events.create({ identifier, requestBody, queryParams: MAIN })).data;
    await nylas.events.sendRsvp({ identifier, eventId: made.id, requestBody: { status: 'maybe' }, queryParams: MAIN });
    const found = (await nylas.events.find({ identifier, eventId: made.id, queryParams: MAIN })).data;
    assert.equal(found.participants[0].status, 'maybe');
    const busy = { emails: [seat.email], startTime: 1770380000, endTime: 1770390000 };
    const rows = (await nylas.calendars.getFreeBusy({ identifier, requestBody: busy })).data;
    assert.ok(rows[0].timeSlots.some((slot) => slot.startTime === 1770382000));
  },

  async 'it reaches calendars and events with odd ids'({ nylas, identifier, seat }) {
    const calendarId = ODD;
    assert.equal((await nylas.calendars.find({ identifier, calendarId })).data.id, ODD);
    const queryParams = { calendarId };
    const found = (await nylas.events.find({ identifier, eventId: ODD, queryParams })).data;
    assert.deepEqual([found.id, found.calendarId], [ODD, ODD]);
    const changed = await nylas.events.update({ identifier, eventId: ODD, requestBody: { title: 'ü' }, queryParams });
    assert.equal(changed.data.title, 'ü');
    const list = await nylas.events.list({ identifier, queryParams: { calendarId, ...wide() } });
    assert.deepEqual(ids(list.data), [ODD]);
    assert.ok((await nylas.events.destroy({ identifier, eventId: ODD, queryParams })).requestId);
    assert.equal((await nylas.grants.find({ grantId: seat.oddEmail })).data.email, seat.oddEmail);
  },

  async 'it lists, finds, creates, changes and removes contacts'({ nylas, identifier }) {
    const requestBody = { givenName: 'Ada', surname: 'Grün', emails: [{ email: 'ada@y.example', type: 'work' }] };
    const made = (await nylas.contacts.create({ identifier, requestBody })).data;
    const list = await nylas.contacts.list({ identifier, queryParams: { email: 'ada@y.example' } });
    assert.deepEqual(ids(list.data), [made.id]);
    const update = { identifier, contactId: made.id, requestBody: { notes: 'met in Köln' } };
    assert.equal((await nylas.contacts.update(update)).data.notes, 'met in Köln');
    assert.equal((await nylas.contacts.find({ identifier, contactId: made.id })).data.surname, 'Grün');
    assert.ok((await nylas.contacts.groups({ identifier })).data.length > 0);
    const seen = new Set();
    for await (const page of nylas.contacts.list({ identifier, queryParams: { limit: 3 } })) ids(page.data).forEach((id) => seen.add(id));
    assert.ok(seen.has(made.id) && seen.size > 3);
    await nylas.contacts.destroy({ identifier, contactId: made.id });
    await refused(nylas.contacts.find({ identifier, contactId: made.id }), 404);
  },

  async 'it reads messages, threads and folders'({ nylas, identifier }) {
    const [message] = (await nylas.messages.list({ identifier, queryParams: { limit: 3 } })).data;
    assert.equal((await nylas.messages.find({ identifier, messageId: message.id })).data.subject, message.subject);
    const changed = await nylas.messages.update({ identifier, messageId: message.id, requestBody: { unread: true } });
    assert.equal(changed.data.unread, true);
    const thread = (await nylas.threads.find({ identifier, threadId: message.threadId })).data;
    assert.ok(thread.messageIds.includes(message.id));
    const starred = await nylas.threads.update({ identifier, threadId: thread.id, requestBody: { starred: true } });
    assert.equal(starred.data.starred, true);
    const seen = new Set();
    for await (const page of nylas.threads.list({ identifier, queryParams: { limit: 4 } })) ids(page.data).forEach((id) => seen.add(id));
    assert.ok(seen.has(thread.id));
    const [folder] = (await nylas.folders.list({ identifier })).data;
    assert.equal((await nylas.folders.find({ identifier, folderId: folder.id })).data.name, folder.name);
  },

  async 'it manages webhooks'({ nylas, seat }) {
    const requestBody = { triggerTypes: ['event.created'], webhookUrl: seat.hook, description: 'node' };
    const made = (await nylas.webhooks.create({ requestBody })).data;
    assert.ok(made.webhookSecret);
    assert.equal((await nylas.webhooks.find({ webhookId: made.id })).data.webhookSecret, undefined);
    assert.deepEqual(ids((await nylas.webhooks.list()).data), [made.id]);
    const paused = await nylas.webhooks.update({ webhookId: made.id, requestBody: { status: 'pause' } });
    assert.equal(paused.data.status, 'pause');
    assert.notEqual((await nylas.webhooks.rotateSecret({ webhookId: made.id })).data.webhookSecret, made.webhookSecret);
    assert.ok((await nylas.webhooks.ipAddresses()).data.ipAddresses.length);
    assert.equal((await nylas.webhooks.destroy({ webhookId: made.id })).data.status, 'success');
    await refused(nylas.webhooks.find({ webhookId: made.id }), 400);
  },

  async 'it signs somebody in, with a secret and with PKCE'({ nylas, seat }) {
    const redirectUri = 'https://crm.example/back';
    const config = { clientId: seat.applicationId, redirectUri };
    await nylas.applications.redirectUris.create({ requestBody: { url: redirectUri, platform: 'web' } });
    const url = nylas.auth.urlForOAuth2({ ...config, provider: 'google', accessType: 'offline', state: 's' });
    const first = await nylas.auth.exchangeCodeForToken({ ...config, code: await codeFrom(url, seat.email) });
    assert.equal(first.email, seat.email);
    assert.equal((await nylas.auth.accessTokenInfo(first.accessToken)).data.email, seat.email);
    const again = await nylas.auth.refreshAccessToken({ ...config, refreshToken: first.refreshToken });
    assert.equal(again.grantId, first.grantId);
    assert.equal(await nylas.auth.revoke(again.accessToken), true);
    const pkce = nylas.auth.urlForOAuth2PKCE({ ...config, provider: 'google' });
    const code = await codeFrom(pkce.url, seat.email);
    const second = await nylas.auth.exchangeCodeForToken({ ...config, code, codeVerifier: pkce.secret, clientSecret: '' });
    assert.equal(second.grantId, first.grantId);
    await assert.rejects(nylas.auth.exchangeCodeForToken({ ...config, code: 'x' }), { error: 'invalid_grant' });
  },

  async 'it connects an account without a page'({ nylas }) {
    const requestBody = { provider: 'virtual-calendar', settings: { email: 'node-room' } };
    const made = (await nylas.auth.customAuthentication({ requestBody })).data;
    assert.equal(made.provider, 'virtual-calendar');
    assert.equal((await nylas.auth.detectProvider({ email: 'x@gmail.com' })).data.provider, 'google');
  },

  async 'it manages connectors'({ nylas }) {
    const requestBody = { provider: 'icloud', name: 'Apple' };
    await nylas.connectors.create({ requestBody }).catch((error) => assert.equal(error.statusCode, 400));
    assert.ok((await nylas.connectors.list({})).data.some((one) => one.provider === 'google'));
    assert.equal((await nylas.connectors.find({ provider: 'google' })).data.provider, 'google');
  },

  async 'it understands errors'({ nylas, identifier, control }) {
    const problem = await refused(nylas.events.list({ identifier, queryParams: {} }), 400);
    assert.equal(problem.type, 'invalid_request_error');
    assert.ok(problem.requestId);
    await control('POST', 'faults', { kind: 'status', status: 429 });
    await refused(nylas.calendars.list({ identifier }), 429);
    await control('POST', 'faults', { kind: 'status', status: 502, body: 'html' });
    await assert.rejects(nylas.calendars.list({ identifier }), (error) => error.statusCode === undefined);
  },
};

function wide() {
  return { start: '0', end: '4000000000', expandRecurring: false, showCancelled: true };
}

function ids(objects) {
  return objects.map((one) => one.id);
}

async function refused(promise, status) {
  try {
    await promise;
  } catch (problem) {
    assert.equal(problem.statusCode, status, String(problem));
    return problem;
  }
  throw new Error(`was not refused with ${status}`);
}

async function codeFrom(url, who) {
  const answer = await fetch(`${url}&sandbox_as=${encodeURIComponent(who)}`, { redirect: 'manual' });
  return new URL(answer.headers.get('location')).searchParams.get('code');
}
