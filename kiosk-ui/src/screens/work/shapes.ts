/// The hotline and work orders on the wire, as the screens read them.

import type { Committed, Language, Text } from '../../wire';

export type Channel = 'phone' | 'hall' | 'transfer_12345' | 'wechat' | 'letter';
export type CallDirection = 'in' | 'out' | 'callback' | 'missed';
export type CallerRole = 'owner' | 'tenant' | 'property' | 'company' | 'other';
export type HeatStatus = 'heated' | 'stopped' | 'arrears' | 'new';
export type Urgency = 'normal' | 'urgent' | 'emergency';
export type Leak = 'drops' | 'flows' | 'gushes';
export type Vulnerable = 'elderly' | 'infant' | 'patient';
export type Disposition = 'answered_directly' | 'work_order' | 'attached' | 'transferred' | 'invalid' | 'emergency';
export type OrderState =
  | 'review'
  | 'dispatched'
  | 'accepted'
  | 'contacted'
  | 'arrived'
  | 'waiting_customer'
  | 'deferred'
  | 'merged'
  | 'resolved'
  | 'replied'
  | 'closed'
  | 'withdrawn';
export type ClockKind = 'accept' | 'contact' | 'arrive' | 'resolve' | 'reply' | 'callback';
export type ClockState = 'running' | 'paused' | 'done' | 'breached' | 'none';
export type ContactOutcome = 'reached' | 'no_answer' | 'wrong_number' | 'refused';
export type ActionKind = 'work' | 'investigation' | 'note';
export type Desk = 'review' | 'callback' | 'extension';

export type Address = {
  community: string | null;
  building: string | null;
  unit: string | null;
  room: string | null;
  text: string | null;
  station: string | null;
  area: string | null;
  riser: string | null;
  team: string | null;
  /** The address book's entry; only sent. */
  place_id?: string;
  share_ppm?: number | null;
};
export type Symptoms = {
  rooms: string[];
  since: string | null;
  room_tenths: number | null;
  neighbours_too: boolean | null;
  leak: Leak | null;
  electricity_risk: boolean | null;
};
/// What an operator writes down of a call.
export type CallFields = {
  caller_number: string | null;
  caller_name: string | null;
  caller_role: CallerRole | null;
  callback_number: string | null;
  customer_no: string | null;
  address: Address;
  heat_status: HeatStatus | null;
  area_m2: number | null;
  category: string | null;
  symptoms: Symptoms;
  description: string | null;
  urgency: Urgency;
  safety: boolean;
  sealed: boolean;
  language: Language;
  dialect: string | null;
  vulnerable: Vulnerable[];
  kb_article: string | null;
  promise: string | null;
  recording_ref: string | null;
  seat: string | null;
  satisfaction: number | null;
};
export type CallPatch = Partial<CallFields>;
export type HotlineCall = CallFields & {
  id: string;
  channel: Channel;
  direction: CallDirection;
  operator: string;
  logged_at: string;
  changed_at: string;
  ended_at: string | null;
  phone_call: string | null;
  caller_masked: string | null;
  disposition: Disposition | null;
  note: string | null;
  work_order: string | null;
  incident: string | null;
  orders: string[];
  repeat_of: string | null;
};
export type CallBrief = {
  id: string;
  channel: Channel;
  direction: CallDirection;
  operator: string;
  logged_at: string;
  ended_at: string | null;
  caller_masked: string | null;
  caller_name_masked: string | null;
  community: string | null;
  building: string | null;
  unit: string | null;
  room: string | null;
  category: string | null;
  description: string | null;
  disposition: Disposition | null;
  work_order: string | null;
};
export type NextClock = { kind: ClockKind; due: string; state: ClockState };
export type OrderBrief = {
  no: string;
  state: OrderState;
  category: string;
  category_name: Text;
  title: string | null;
  urgency: Urgency;
  team: string | null;
  team_name: Text | null;
  handler: string | null;
  community: string | null;
  building: string | null;
  unit: string | null;
  room: string | null;
  customer_masked: string | null;
  phone_masked: string | null;
  sealed: boolean;
  created_at: string;
  next_clock: NextClock | null;
  escalation: number;
  supervised: number;
  urges: number;
  reopened: number;
  deferred_until: string | null;
  merged_into: string | null;
  children: number;
  incident: string | null;
};
export type OrderClock = {
  state: ClockState;
  due: string | null;
  done_at: string | null;
  total_s: number;
  remaining_s?: number | null;
  pace: 'natural' | 'working';
};
export type Contact = { at: string; by: string; outcome: ContactOutcome; note: string | null };
export type OrderAction = { at: string; by: string; kind: ActionKind; what: string; parts: string | null; photo_ref: string | null };
export type SignatureWire = 'verbal' | { signed: string } | { refused: string };
export type RoomTemperature = {
  measured_at: string;
  room: string;
  reading_tenths: number;
  outdoor_tenths: number | null;
  standard_tenths: number | null;
  point_ok: boolean;
  doors_shut_min: number;
  stable_min: number;
  instrument: string;
  calibrated_until: string | null;
  signature: SignatureWire;
  objection: string | null;
};
export type Resolution = {
  at: string;
  by: string;
  cause: string;
  solved: boolean;
  unsolved_reason: string | null;
  valid_claim: boolean;
  out_of_scope: boolean;
  public_reply: string | null;
  signature: SignatureWire | null;
  refund_days: number | null;
};
export type OrderReply = { at: string; by: string; text: string };
export type OrderCallback = { at: string; by: string; reached: boolean; solved: boolean | null; grade: number | null; remark: string | null };
export type Returned = { at: string; by: string; team: string | null; reason: string };
export type CoTeam = { team: string; at: string; by: string; reason: string | null; due: string | null; done_at: string | null; overdue: boolean };
export type Extension = {
  clock: ClockKind;
  until: string;
  reason: string;
  by: string;
  at: string;
  decision: { granted: boolean; by: string; at: string; note: string | null } | null;
};
export type Urge = { at: string; by: string; call: string | null; note: string | null };
export type StoryLine = { rev: number; at: string; by: string; type: string; note: string | null };
export type OrderCustomer = {
  name_masked: string | null;
  phone_masked: string | null;
  customer_no: string | null;
  role: CallerRole | null;
  vulnerable: Vulnerable[];
  language: Language;
};
export type OrderLease = { handler: string; token?: number | null; until: string | null };
export type WorkOrder = OrderBrief & {
  description: string | null;
  symptoms: Symptoms;
  customer: OrderCustomer | null;
  address: Address;
  origin: { calls: string[]; ticket: string | null; external_no: string | null; incident: string | null };
  appointment: { from: string; to: string } | null;
  phase: string | null;
  clocks_by: string;
  clocks: Partial<Record<ClockKind, OrderClock>>;
  lease: OrderLease | null;
  handlers: string[];
  co_teams: CoTeam[];
  accepted_at: string | null;
  contacts: Contact[];
  arrived_at: string | null;
  actions: OrderAction[];
  temperatures: RoomTemperature[];
  resolution: Resolution | null;
  reply: OrderReply | null;
  callbacks: OrderCallback[];
  returns: Returned[];
  extension: Extension | null;
  urges_list: Urge[];
  waiting_reason: string | null;
  closed_at: string | null;
  closed_by: string | null;
  story: StoryLine[];
};
export type Incident = {
  id: string;
  title: string;
  communities: string[];
  station: string | null;
  category: string;
  script: Text | null;
  expected_end: string | null;
  master: string;
  opened_at: string;
  opened_by: string;
  attached: number;
  resolved_at: string | null;
  public_reply: string | null;
  state: 'open' | 'resolved';
};
export type Attached = { call: string; order: OrderBrief };
export type Suspicion = { community: string; calls: number; expected: number; at: string };
export type Known = {
  calls: CallBrief[];
  tickets: { id: string; number: string; service: string; state: string }[];
  orders: OrderBrief[];
  incidents: Incident[];
  same_flat: OrderBrief | null;
};
export type AddressItem = {
  id: string;
  label: string;
  depth: 'community' | 'building' | 'unit' | 'room';
  community: string;
  building: string | null;
  unit: string | null;
  room: string | null;
  station: string | null;
  area: string | null;
  team: string | null;
  riser: string | null;
  customer_no: string | null;
  heat_status: HeatStatus | null;
  area_m2: number | null;
  share_ppm?: number | null;
};
export type PlanTeam = { id: string; name: Text; wip_max: number };
export type PlanCategory = {
  id: string;
  parent: string | null;
  name: Text;
  visit: boolean;
  team: string | null;
  answer_directly: boolean;
  emergency: boolean;
  sealed_default: boolean;
};
export type PlanNamed = { id: string; name: Text };
export type Plan = {
  teams: PlanTeam[];
  categories: PlanCategory[];
  causes: PlanNamed[];
  return_reasons: PlanNamed[];
  rules: { callback_attempts_max: number; repeat_days: number; reopen_grade_max: number; lease_s: number };
};
export type Ringing = {
  phone_call: string;
  caller_masked: string | null;
  caller: string | null;
  agent: string | null;
  queue: string | null;
  since: string;
  state: 'ringing' | 'answered';
};
export type Missed = { phone_call: string; caller: string | null; misses: number; first_at: string; last_at: string };
export type TelephoneToday = { offered: number; answered: number; within_15_s: number; wait_known: number; missed: number };
export type TeamLoad = { id: string; name: Text; waiting: number; held: number; overdue: number };
export type HotlineState = {
  at: string;
  incidents: Incident[];
  suspicions: Suspicion[];
  ringing: Ringing[];
  missed: Missed[];
  desks: Record<Desk, number>;
  callbacks: OrderBrief[];
  open_calls: { id: string; operator: string; logged_at: string; community: string | null }[];
  today: { logged: number; ended: number; by_disposition: Partial<Record<Disposition, number>>; telephone: TelephoneToday | null };
  teams: TeamLoad[];
};
export type TeamState = {
  team: { id: string; name: Text; wip_max: number };
  queue: OrderBrief[];
  waiting: number;
  held: OrderBrief[];
  at: string;
};
export type LeadOrders = {
  desks: Record<Desk, number>;
  teams: TeamLoad[];
  overdue: number;
  escalated: OrderBrief[];
  incidents: Incident[];
};
export type CaseView = {
  no: string;
  category: Text;
  state: string;
  state_text: Text;
  next_step: Text;
  promise_due: string | null;
  created_at: string;
  steps: { at: string; type: string; text: Text }[];
  public_reply: string | null;
  hotline: string | null;
};

// Answers.
export type CallAnswer = Committed & { call: HotlineCall; known: Known };
export type PatchAnswer = CallAnswer & { suggestion: Suspicion | null };
export type EndAnswer = Committed & { call: HotlineCall; work_order: WorkOrder | null; urged: boolean; reopened: boolean };
export type OrderAnswer = Committed & { work_order: WorkOrder; urged?: boolean; reopened?: boolean };
export type LeaseAnswer = { token: number; until: string | null } | null;
export type StepAnswer = Committed & { work_order: WorkOrder; lease: LeaseAnswer };
export type ClaimAnswer = Committed & { work_order: WorkOrder | null; lease: LeaseAnswer };
export type RevealAnswer = StepAnswer & { customer: { name: string | null; phone: string | null; customer_no: string | null } };
export type IncidentAnswer = Committed & { incident: Incident };
export type IncidentFull = Incident & { attached_list: Attached[] };
export type AttachAnswer = Committed & { incident: Incident; work_order: WorkOrder };
