/// The doors of the hotline and of work orders: one function per command.

import { Api, seg, type CallOptions } from '../../api';
import type { Committed, Items } from '../../wire';
import type {
  AddressItem,
  AttachAnswer,
  CallAnswer,
  CallBrief,
  CallPatch,
  CaseView,
  ClaimAnswer,
  Disposition,
  EndAnswer,
  HotlineCall,
  Incident,
  IncidentAnswer,
  IncidentFull,
  Known,
  OrderMade,
  OrderBrief,
  PatchAnswer,
  Plan,
  RevealAnswer,
  StepAnswer,
  WorkOrder,
} from './shapes';

/// One word after `/work-orders/{no}/`.
export type StepName =
  | 'dispatch'
  | 'accept'
  | 'contact'
  | 'arrive'
  | 'act'
  | 'measure'
  | 'resolve'
  | 'reply'
  | 'callback'
  | 'return'
  | 'reassign'
  | 'co-assign'
  | 'co-finish'
  | 'urge'
  | 'supervise'
  | 'extend'
  | 'grant'
  | 'deny'
  | 'wait'
  | 'continue'
  | 'defer'
  | 'merge'
  | 'unmerge'
  | 'reopen'
  | 'withdraw';

export type NewCall = { caller_number?: string; channel?: string; direction?: string; phone_call?: string; seat?: string };
export type EndBody = { disposition: Disposition; note?: string; incident?: string; order?: Record<string, unknown> };
export type IncidentBody = {
  title: string;
  communities: string[];
  category: string;
  station?: string | null;
  script?: { zh: string; en: string } | null;
  expected_end?: string | null;
};

/// How long a claimed order waits to be accepted, in seconds: the longest that the server allows, because whoever claims one goes
/// down into a cellar without a network, and what is pressed there is sent an hour later.
const claimLeaseS = 3_600;

const query = (parts: Record<string, string | null | undefined>): string => {
  const given = Object.entries(parts).filter((pair): pair is [string, string] => typeof pair[1] === 'string' && pair[1] !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
};

export class Doors extends Api {
  // Calls
  logCall = (body: NewCall, options?: CallOptions): Promise<CallAnswer> => this.send('POST', '/hotline/calls', body, options);
  changeCall = (id: string, patch: CallPatch, options?: CallOptions): Promise<PatchAnswer> => this.send('PATCH', `/hotline/calls/${seg(id)}`, patch, options);
  endCall = (id: string, body: EndBody, options?: CallOptions): Promise<EndAnswer> => this.send('POST', `/hotline/calls/${seg(id)}/end`, body, options);
  hotlineCall = (id: string): Promise<{ call: HotlineCall } | HotlineCall> => this.send('GET', `/hotline/calls/${seg(id)}`);
  calls = (parts: { phone?: string; customer_no?: string; q?: string; limit?: string; cursor?: string }): Promise<Items<CallBrief>> =>
    this.send('GET', `/hotline/calls${query(parts)}`);
  known = (parts: Partial<Record<'phone' | 'customer_no' | 'community' | 'building' | 'unit' | 'room', string | null>>): Promise<Known> =>
    this.send('GET', `/hotline/known${query(parts)}`);
  missedHandled = (phoneCall: string, body: { call?: string }, options?: CallOptions): Promise<Committed> =>
    this.send('POST', `/telephony/missed/${seg(phoneCall)}/handled`, body, options);
  telephonyRecent = (): Promise<unknown> => this.send('GET', '/telephony/recent', undefined, { tries: 1 });

  // Plan and addresses
  plan = (): Promise<Plan> => this.send('GET', '/plan');
  addresses = (q: string, signal?: AbortSignal): Promise<Items<AddressItem>> =>
    this.send('GET', `/addresses${query({ q, limit: '8' })}`, undefined, signal === undefined ? { tries: 1 } : { tries: 1, signal });

  // Orders
  makeOrder = (body: Record<string, unknown>, options?: CallOptions): Promise<OrderMade> => this.send('POST', '/work-orders', body, options);
  orders = (parts: Partial<Record<'team' | 'state' | 'q' | 'desk' | 'mine' | 'limit' | 'cursor', string>>): Promise<Items<OrderBrief>> =>
    this.send('GET', `/work-orders${query(parts)}`);
  order = (no: string, options?: CallOptions): Promise<WorkOrder> => this.send('GET', `/work-orders/${seg(no)}`, undefined, options);
  claim = (team: string, options?: CallOptions): Promise<ClaimAnswer> => this.send('POST', `/teams/${seg(team)}/claim`, { lease_s: claimLeaseS }, options);
  step = (no: string, name: StepName, body: Record<string, unknown>, options?: CallOptions): Promise<StepAnswer> =>
    this.send('POST', `/work-orders/${seg(no)}/${name}`, body, options);
  reveal = (no: string, reason: string, options?: CallOptions): Promise<RevealAnswer> => this.send('POST', `/work-orders/${seg(no)}/reveal`, { reason }, options);

  // Incidents
  incidents = (): Promise<Items<Incident>> => this.send('GET', '/incidents');
  incident = (id: string): Promise<IncidentFull> => this.send('GET', `/incidents/${seg(id)}`);
  openIncident = (body: IncidentBody & { call?: string }, options?: CallOptions): Promise<IncidentAnswer> => this.send('POST', '/incidents', body, options);
  changeIncident = (id: string, body: IncidentBody, options?: CallOptions): Promise<IncidentAnswer> => this.send('PUT', `/incidents/${seg(id)}`, body, options);
  attach = (id: string, call: string, options?: CallOptions): Promise<AttachAnswer> => this.send('POST', `/incidents/${seg(id)}/attach`, { call }, options);
  resolveIncident = (id: string, body: { cause: string; public_reply: string }, options?: CallOptions): Promise<IncidentAnswer> =>
    this.send('POST', `/incidents/${seg(id)}/resolve`, body, options);
  dismissSuspicion = (community: string, options?: CallOptions): Promise<Committed> => this.send('POST', '/incidents/suggestions/dismiss', { community }, options);

  // The customer
  caseView = (no: string, phoneTail: string): Promise<CaseView> => this.send('GET', `/cases/${seg(no)}${query({ phone_tail: phoneTail })}`, undefined, { tries: 1 });
}

/// A call as `GET /hotline/calls/{id}` answers it, with or without its wrapper.
export const callOf = (answer: { call: HotlineCall } | HotlineCall): HotlineCall => ('call' in answer ? answer.call : answer);
