/// The wire types, made from the server's Rust types by `UPDATE=1 cargo test --test it wire`. Never edited.

// Words.
export type Language = 'zh' | 'en';
export type TicketState = 'booked' | 'waiting' | 'called' | 'serving' | 'parked' | 'missed' | 'closed';
export type CounterStanding = 'open' | 'paused' | 'closed';
export type Outcome = 'done' | 'refused' | 'missing_materials' | 'info_only' | 'work_order';
export type MaterialMark = 'received' | 'missing' | 'doubtful';
export type Place = 'front' | 'end' | 'by_age';
export type Class = 'ordinary' | 'courtesy' | 'statutory' | 'appointment';
export type Role = 'kiosk' | 'board' | 'counter_display' | 'speaker' | 'clerk' | 'greeter' | 'operator' | 'handler' | 'lead' | 'manager' | 'admin' | 'integration';
export type DeviceKind = 'kiosk' | 'board' | 'counter_display' | 'speaker';
export type LegEnd = 'finished' | 'transferred' | 'cancelled' | 'day_ended';
export type WhyRule = 'least_score' | 'chosen' | 'reserved';
export type Standing = 'open' | 'break' | 'before_opening' | 'after_closing' | 'holiday';
export type ClosedReason = 'closed_by_staff' | 'hall_closed' | 'full' | 'no_counter';
export type CallState = 'called' | 'serving' | 'done' | 'missed';
export type OrderState = 'review' | 'dispatched' | 'accepted' | 'contacted' | 'arrived' | 'waiting_customer' | 'deferred' | 'merged' | 'resolved' | 'replied' | 'closed' | 'withdrawn';
export type Urgency = 'normal' | 'urgent' | 'emergency';
export type Vulnerable = 'elderly' | 'infant' | 'patient';
export type HeatStatus = 'heated' | 'stopped' | 'arrears' | 'new';
export type CallerRole = 'owner' | 'tenant' | 'property' | 'company' | 'other';
export type Leak = 'drops' | 'flows' | 'gushes';
export type CallDirection = 'in' | 'out' | 'callback' | 'missed';
export type Channel = 'phone' | 'hall' | 'transfer_12345' | 'wechat' | 'letter';
export type Disposition = 'answered_directly' | 'work_order' | 'attached' | 'transferred' | 'invalid' | 'emergency';
export type Reached = 'reached' | 'no_answer' | 'wrong_number' | 'refused';
export type TemperatureLack = 'point' | 'doors' | 'stable' | 'calibration';
export type ActionKind = 'work' | 'investigation' | 'note';
export type ClockKind = 'accept' | 'contact' | 'arrive' | 'resolve' | 'reply' | 'callback';
export type Pace = 'natural' | 'working';
export type ClockState = 'running' | 'paused' | 'breached' | 'done';
export type SeasonPhase = 'off' | 'first' | 'main';
export type Desk = 'review' | 'callback' | 'extension';
export type PhoneState = 'ringing' | 'answered' | 'ended' | 'missed' | 'handled';
export type TimeSource = 'cti' | 'manual';
export type IncidentState = 'open' | 'resolved';
export type Answering = 'not_yet' | 'told' | 'unreached' | 'withdrawn';
export type ProblemCode = 'unauthenticated' | 'session_expired' | 'bad_credentials' | 'forbidden' | 'not_your_counter' | 'not_your_team' | 'skill_missing' | 'lead_only' | 'origin_refused' | 'not_found' | 'method_not_allowed' | 'gone' | 'pairing_expired' | 'pairing_used' | 'payload_too_large' | 'unsupported_media_type' | 'malformed_json' | 'idempotency_key_missing' | 'bad_idempotency_key' | 'bad_request' | 'invalid_field' | 'unknown_field' | 'idempotency_key_reused' | 'refusal_needs_reason_and_solution' | 'missing_materials_needs_list' | 'weak_password' | 'unknown_service' | 'unknown_counter' | 'unknown_team' | 'unknown_category' | 'unknown_cause' | 'resolution_incomplete' | 'reply_missing' | 'work_order_missing' | 'too_many_attempts' | 'too_many_requests' | 'hall_closed' | 'service_closed' | 'service_full' | 'hall_full' | 'wrong_state' | 'limit_reached' | 'stale_lease' | 'wip_limit' | 'callback_by_handler' | 'call_ended' | 'extension_too_late' | 'no_extension_asked' | 'incident_resolved' | 'already_attached' | 'order_has_children' | 'incident_goes_on' | 'counter_moved_on' | 'counter_taken_over' | 'counter_not_open' | 'counter_paused' | 'ticket_in_hand' | 'no_ticket_in_hand' | 'counter_does_not_serve' | 'recall_too_soon' | 'already_rated' | 'already_exists' | 'last_admin' | 'setup_done' | 'emergency' | 'too_many_live_tickets' | 'store_away' | 'store_unsafe' | 'overloaded' | 'shutting_down' | 'internal';

// The longest text that is taken anywhere, in characters.
export const textCharsMax = 500;

// Live frames.
export type LiveEvent = {
  rev: number;
  type: string;
  at: string;
  number?: string;
  service?: string;
  counter?: string;
  calls?: number;
  language?: string;
  [field: string]: unknown;
};
export type SnapshotFrame<S> = { type: 'snapshot'; epoch: string; rev: number; at: string; state: S };
export type EventsFrame<S> = { type: 'events'; epoch: string; prev: number; rev: number; at: string; events: LiveEvent[]; state: S };
export type BeatFrame = { type: 'beat'; epoch: string; prev: number; rev: number; at: string };
export type ByeFrame = { type: 'bye'; code: 'slow' | 'restart' | 'revoked'; retry_ms: number };
export type Frame<S> = SnapshotFrame<S> | EventsFrame<S> | BeatFrame | ByeFrame;

export type ProblemBody = {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail?: string;
  retry_after_s?: number;
  fields?: Record<string, string>;
  request_id?: string;
  applied?: boolean | 'unknown';
  [more: string]: unknown;
};

// The hall.
export type Text = {
  zh: string;
  en: string;
};
export type Range = {
  low_min: number;
  high_min: number;
};
export type Notice = {
  id: string;
  text: Text;
  at: string;
};
export type Committed = {
  epoch: string;
  rev: number;
};
export type Items<T> = {
  items: Array<T>;
  next: string | null;
};
export type HallProfile = {
  name: Text;
  languages: Array<Language>;
  time_zone: string;
  hotline: string;
};
export type Hours = {
  days: Array<string>;
  open: string;
  close: string;
};
export type Material = {
  id: string;
  name: Text;
  required: boolean;
};
export type ServiceClass = {
  id: Class;
  name: Text;
  hint: Text | null;
};
export type NamedService = {
  id: string;
  name: Text;
};
export type KioskService = {
  id: string;
  prefix: string;
  name: Text;
  hint: Text | null;
  open: boolean;
  closed_reason: ClosedReason | null;
  waiting: number;
  wait: Range | null;
  materials: Array<Material>;
  counters: Array<string>;
  area: Text | null;
  open_counters: number;
};
export type CounterOutline = {
  no: string;
  name: Text | null;
  state: CounterStanding;
  services: Array<string>;
};
export type KioskState = {
  hall: HallProfile;
  demo: boolean;
  open: boolean;
  standing: Standing;
  opens_at: string | null;
  enforce_hours: boolean;
  hours: Array<Hours>;
  services: Array<KioskService>;
  classes: Array<ServiceClass>;
  counters: Array<CounterOutline>;
  notices: Array<Notice>;
  emergency: null;
};
export type HallAnswer = {
  epoch: string;
  rev: number;
  at: string;
  hall: HallProfile;
  demo: boolean;
  open: boolean;
  standing: Standing;
  opens_at: string | null;
  enforce_hours: boolean;
  hours: Array<Hours>;
  services: Array<KioskService>;
  classes: Array<ServiceClass>;
  counters: Array<CounterOutline>;
  notices: Array<Notice>;
  emergency: null;
};

// Tickets and counters.
export type Ticket = {
  id: string;
  number: string;
  service: string;
  class: Class;
  state: TicketState;
  language: Language;
  issued_at: string;
  service_day: string;
  counter: string | null;
  called_at: string | null;
  calls: number;
  source: string;
};
export type TicketBrief = {
  id: string;
  number: string;
  service: string;
  class: Class;
  state: TicketState;
  language: Language;
  issued_at: string;
  joined_at: string;
  called_at: string | null;
  counter: string | null;
  calls: number;
  late: boolean;
};
export type Leg = {
  service: string;
  counter: string | null;
  joined_at: string;
  called_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  end: LegEnd | null;
};
export type TicketFull = {
  joined_at: string;
  started_at: string | null;
  legs: Array<Leg>;
  outcome: Outcome | null;
  reason: string | null;
  solution: string | null;
  materials: Array<string>;
  rating: number | null;
  park_reason: string | null;
  id: string;
  number: string;
  service: string;
  class: Class;
  state: TicketState;
  language: Language;
  issued_at: string;
  service_day: string;
  counter: string | null;
  called_at: string | null;
  calls: number;
  source: string;
};
export type PassedOver = {
  number: string;
  service: string;
  class: Class;
  waited_min: number;
  score_min: number;
};
export type Why = {
  rule: WhyRule;
  service: string;
  score_min: number;
  offset_min: number | null;
  passed_over: Array<PassedOver>;
  reason: string | null;
};
export type IssueAnswer = {
  ticket: Ticket;
  ahead: number;
  wait: Range | null;
  status_url: string;
  epoch: string;
  rev: number;
};
export type TicketAnswer = {
  ticket: Ticket;
  epoch: string;
  rev: number;
};
export type NextAnswer = {
  ticket: Ticket | null;
  why: Why | null;
  epoch: string;
  rev: number;
};
export type CounterBrief = {
  no: string;
  state: CounterStanding;
  clerk: string | null;
  fence: number;
};
export type CounterAnswer = {
  counter: CounterBrief;
  epoch: string;
  rev: number;
};
export type TicketView = {
  hall: HallProfile;
  number: string;
  service: NamedService;
  state: TicketState;
  class: Class;
  counter: string | null;
  counter_name: Text | null;
  calls: number;
  ahead: number | null;
  wait: Range | null;
  issued_at: string;
  service_day: string;
  materials: Array<Material>;
  area: Text | null;
  can_cancel: boolean;
  can_rate: boolean;
  rated: number | null;
  notices: Array<Notice>;
};

// The hotline and its orders.
export type OrderClock = {
  state: ClockState;
  due: string | null;
  done_at: string | null;
  total_s: number;
  remaining_s: number | null;
  pace: Pace;
  paused_total_s: number;
  late: boolean;
};
export type OrderClocks = {
  accept?: OrderClock;
  contact?: OrderClock;
  arrive?: OrderClock;
  resolve?: OrderClock;
  reply?: OrderClock;
  callback?: OrderClock;
};
export type NextClock = {
  kind: ClockKind;
  due: string;
  state: ClockState;
};
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
  share_ppm: number | null;
};
export type Symptoms = {
  rooms: Array<string>;
  since: string | null;
  room_tenths: number | null;
  neighbours_too: boolean | null;
  leak: Leak | null;
  electricity_risk: boolean | null;
};
export type OrderCustomer = {
  name_masked: string | null;
  phone_masked: string | null;
  customer_no: string | null;
  role: CallerRole | null;
  vulnerable: Array<Vulnerable>;
  language: Language;
};
export type Revealed = {
  name: string | null;
  phone: string | null;
  customer_no: string | null;
};
export type OrderOrigin = {
  calls: Array<string>;
  ticket: string | null;
  external_no: string | null;
  incident: string | null;
};
export type Appointment = {
  from: string;
  to: string;
};
export type OrderLease = {
  handler: string;
  token?: number;
  until: string | null;
};
export type OrderContact = {
  at: string;
  by: string;
  outcome: Reached;
  number_masked: string | null;
  note: string | null;
};
export type OrderAction = {
  at: string;
  by: string;
  kind: ActionKind;
  what: string;
  parts: string | null;
  photo_ref: string | null;
};
export type Signature = { 'signed': string } | 'verbal' | { 'refused': string };
export type RoomTemperature = {
  appointed_at: string | null;
  measured_at: string;
  recorded_at: string | null;
  by: string | null;
  room: string;
  reading_tenths: number;
  outdoor_tenths: number | null;
  standard_tenths: number | null;
  point_ok: boolean;
  doors_shut_min: number;
  stable_min: number;
  instrument: string;
  calibrated_until: string | null;
  signature: Signature;
  objection: string | null;
  lab: string | null;
  result: string | null;
  valid: boolean;
  lacks: Array<TemperatureLack>;
};
export type OrderResolution = {
  at: string;
  by: string;
  cause: string;
  solved: boolean;
  unsolved_reason: string | null;
  valid_claim: boolean;
  out_of_scope: boolean;
  public_reply: string | null;
  signature: Signature | null;
  refund_days: number | null;
};
export type OrderReply = {
  at: string;
  by: string;
  text: string;
};
export type OrderCallback = {
  at: string;
  by: string;
  reached: boolean;
  solved: boolean | null;
  grade: number | null;
  remark: string | null;
};
export type OrderReturn = {
  at: string;
  by: string;
  team: string | null;
  reason: string;
  code: string | null;
};
export type OrderCoTeam = {
  team: string;
  at: string;
  by: string;
  reason: string | null;
  due: string | null;
  done_at: string | null;
  done_by: string | null;
  overdue: boolean;
};
export type ExtensionDecision = {
  granted: boolean;
  by: string;
  at: string;
  note: string | null;
};
export type OrderExtension = {
  clock: ClockKind;
  until: string;
  reason: string;
  by: string;
  at: string;
  decision: ExtensionDecision | null;
};
export type OrderUrge = {
  at: string;
  by: string;
  call: string | null;
  note: string | null;
};
export type StoryLine = {
  rev: number;
  at: string;
  by: string;
  type: string;
  note: string | null;
  to: Text | null;
};
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
  escalated_to: Text | null;
  supervised: number;
  urges: number;
  reopened: number;
  deferred_until: string | null;
  merged_into: string | null;
  children: number;
  incident: string | null;
};
export type WorkOrder = {
  description: string | null;
  symptoms: Symptoms;
  customer: OrderCustomer | null;
  address: Address;
  origin: OrderOrigin;
  appointment: Appointment | null;
  phase: SeasonPhase | null;
  clocks_by: string;
  clocks: OrderClocks;
  lease: OrderLease | null;
  handlers: Array<string>;
  co_teams: Array<OrderCoTeam>;
  accepted_at: string | null;
  contacts: Array<OrderContact>;
  arrived_at: string | null;
  actions: Array<OrderAction>;
  temperatures: Array<RoomTemperature>;
  resolution: OrderResolution | null;
  reply: OrderReply | null;
  callbacks: Array<OrderCallback>;
  returns: Array<OrderReturn>;
  extension: OrderExtension | null;
  urges_list: Array<OrderUrge>;
  children_list: Array<string>;
  waiting_reason: string | null;
  waiting_until: string | null;
  created_by: string;
  closed_at: string | null;
  closed_by: string | null;
  retention_until: string | null;
  story: Array<StoryLine>;
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
  escalated_to: Text | null;
  supervised: number;
  urges: number;
  reopened: number;
  deferred_until: string | null;
  merged_into: string | null;
  children: number;
  incident: string | null;
};
export type GivenLease = {
  token: number;
  until: string | null;
};
export type OrderMade = {
  work_order: WorkOrder;
  urged: boolean;
  reopened: boolean;
  epoch: string;
  rev: number;
};
export type OrderAnswer = {
  work_order: WorkOrder;
  lease: GivenLease | null;
  epoch: string;
  rev: number;
};
export type RevealAnswer = {
  work_order: WorkOrder;
  lease: GivenLease | null;
  customer: Revealed;
  epoch: string;
  rev: number;
};
export type ClaimAnswer = {
  work_order: WorkOrder | null;
  lease: GivenLease | null;
  epoch: string;
  rev: number;
};
export type Incident = {
  id: string;
  title: string;
  communities: Array<string>;
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
  state: IncidentState;
};
export type Suspicion = {
  community: string;
  calls: number;
  expected: number;
  window_s: number;
  chance_exponent: number;
  at: string;
  call: string;
};
export type Attached = {
  call: string;
  order: OrderBrief;
  answering: Answering;
};
export type IncidentFull = {
  untold: number;
  attached_list: Array<Attached>;
  id: string;
  title: string;
  communities: Array<string>;
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
  state: IncidentState;
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
  share_ppm: number;
};
export type IncidentAnswer = {
  incident: Incident;
  epoch: string;
  rev: number;
};
export type AttachAnswer = {
  incident: Incident;
  work_order: WorkOrder;
  epoch: string;
  rev: number;
};
export type CallTimes = {
  ring_at: string | null;
  answered_at: string | null;
  ended_at: string | null;
  queue_seconds: number | null;
  time_source: TimeSource;
};
export type HotlineCall = {
  id: string;
  channel: Channel;
  direction: CallDirection;
  operator: string;
  logged_at: string;
  changed_at: string;
  ended_at: string | null;
  phone_call: string | null;
  times: CallTimes;
  caller_number: string | null;
  caller_masked: string | null;
  caller_name: string | null;
  caller_role: CallerRole | null;
  callback_number: string | null;
  customer_no: string | null;
  address: Address;
  heat_status: HeatStatus | null;
  area_m2: number | null;
  category: string | null;
  category_name: Text | null;
  symptoms: Symptoms;
  description: string | null;
  urgency: Urgency;
  safety: boolean;
  sealed: boolean;
  language: Language;
  dialect: string | null;
  vulnerable: Array<Vulnerable>;
  kb_article: string | null;
  promise: string | null;
  recording_ref: string | null;
  seat: string | null;
  satisfaction: number | null;
  disposition: Disposition | null;
  note: string | null;
  work_order: string | null;
  incident: string | null;
  orders: Array<string>;
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
  category_name: Text | null;
  description: string | null;
  sealed: boolean;
  disposition: Disposition | null;
  work_order: string | null;
  incident: string | null;
};
export type KnownPerson = {
  name_masked: string | null;
  phone_masked: string | null;
  role: CallerRole | null;
  customer_no: string | null;
  community: string | null;
  building: string | null;
  unit: string | null;
  room: string | null;
  seen_at: string;
};
export type Known = {
  people: Array<KnownPerson>;
  calls: Array<CallBrief>;
  tickets: Array<TicketBrief>;
  orders: Array<OrderBrief>;
  incidents: Array<Incident>;
  same_flat: OrderBrief | null;
};
export type CallLogged = {
  call: HotlineCall;
  known: Known;
  epoch: string;
  rev: number;
};
export type CallChanged = {
  call: HotlineCall;
  known: Known;
  suggestion: Suspicion | null;
  epoch: string;
  rev: number;
};
export type CallEnded = {
  call: HotlineCall;
  work_order: WorkOrder | null;
  urged: boolean;
  reopened: boolean;
  epoch: string;
  rev: number;
};
export type CaseStep = {
  at: string;
  type: string;
  text: Text;
};
export type Case = {
  no: string;
  category: Text;
  state: OrderState;
  state_text: Text;
  next_step: Text;
  promise_due: string | null;
  deferred_until: string | null;
  promise: string | null;
  created_at: string;
  steps: Array<CaseStep>;
  public_reply: string | null;
  hotline: string;
};
export type PlanTeam = {
  id: string;
  name: Text;
  wip_max: number;
  phone: string | null;
  ladder: Array<Text>;
};
export type PlanCategory = {
  id: string;
  parent: string | null;
  name: Text;
  pinyin: Array<string>;
  visit: boolean;
  skills: Array<string>;
  team: string | null;
  answer_directly: boolean;
  urges: boolean;
  emergency: boolean;
  sealed_default: boolean;
};
export type PlanWord = {
  id: string;
  name: Text;
};
export type PlanRules = {
  lease_s: number;
  hold_s: number;
  returns_before_lead: number;
  callback_attempts_max: number;
  closed_kept_days: number;
  repeat_days: number;
  reopen_grade_max: number;
};
export type Plan = {
  teams: Array<PlanTeam>;
  desk: string | null;
  categories: Array<PlanCategory>;
  causes: Array<PlanWord>;
  return_reasons: Array<PlanWord>;
  rules: PlanRules;
  preset: string | null;
};
export type RingingCall = {
  phone_call: string;
  caller_masked: string | null;
  agent: string | null;
  agent_name: string | null;
  answerers: Array<string>;
  queue: string | null;
  since: string;
  state: PhoneState;
  hotline_call: string | null;
};
export type MissedCaller = {
  phone_call: string;
  caller_masked: string | null;
  misses: number;
  first_at: string;
  last_at: string;
  queue: string | null;
};
export type DeskCounts = {
  review: number;
  callback: number;
  extension: number;
};
export type TeamLoad = {
  id: string;
  name: Text;
  waiting: number;
  held: number;
  overdue: number;
};
export type OpenCall = {
  id: string;
  operator: string;
  logged_at: string;
  community: string | null;
};
export type PhoneToday = {
  offered: number;
  answered: number;
  within_15_s: number;
  wait_known: number;
  missed: number;
};
export type HotlineToday = {
  logged: number;
  ended: number;
  by_disposition: Record<string, number>;
  lapsed: number;
  telephone: PhoneToday | null;
};
export type HotlineState = {
  at: string;
  incidents: Array<Incident>;
  suspicions: Array<Suspicion>;
  ringing: Array<RingingCall>;
  missed: Array<MissedCaller>;
  missed_count: number;
  desks: DeskCounts;
  callbacks: Array<OrderBrief>;
  open_calls: Array<OpenCall>;
  today: HotlineToday;
  teams: Array<TeamLoad>;
};
export type TeamHead = {
  id: string;
  name: Text;
  wip_max: number;
};
export type TeamState = {
  at: string;
  team: TeamHead;
  queue: Array<OrderBrief>;
  waiting: number;
  held: Array<OrderBrief>;
  helping: Array<OrderBrief>;
  overdue: number;
};
export type LeadOrders = {
  desks: DeskCounts;
  teams: Array<TeamLoad>;
  overdue: number;
  escalated: Array<OrderBrief>;
  incidents: Array<Incident>;
};

// What screens show.
export type BoardCall = {
  number: string;
  counter: string;
  at: string;
  calls: number;
  rev: number;
  language: Language;
  class: Class;
  state: CallState;
};
export type BoardService = {
  id: string;
  prefix: string;
  name: Text;
  open: boolean;
  waiting: number;
  wait: Range | null;
  next: Array<string>;
};
export type BoardCounter = {
  no: string;
  name: Text | null;
  state: CounterStanding;
  number: string | null;
  services: Array<string>;
  badge: string | null;
};
export type BoardState = {
  hall: HallProfile;
  calls: Array<BoardCall>;
  waiting: Record<string, number>;
  services: Array<BoardService>;
  missed: Array<string>;
  counters: Array<BoardCounter>;
  notice: Notice | null;
  notices: Array<Notice>;
  emergency: null;
  open: boolean;
};
export type DisplayCounter = {
  no: string;
  name: Text | null;
  state: CounterStanding;
  number: string | null;
  ticket_state: 'called' | 'serving' | null;
  calls: number;
  called_at: string | null;
  services: Array<NamedService>;
  badge: string | null;
  pause_reason: string | null;
};
export type DisplayState = {
  hall: HallProfile;
  counter: DisplayCounter;
  notice: Notice | null;
  emergency: null;
  open: boolean;
};
export type CounterService = {
  offset_min: number | null;
  id: string;
  name: Text;
};
export type CounterSeat = {
  no: string;
  name: Text | null;
  state: CounterStanding;
  clerk: string | null;
  fence: number;
  paused_reason: string | null;
  since: string | null;
  services: Array<CounterService>;
};
export type CounterLine = {
  service: string;
  name: Text;
  waiting: number;
  mine: boolean;
  offset_min: number | null;
  longest_wait_s: number;
  head: Array<TicketBrief>;
};
export type CounterToday = {
  served: number;
  refused: number;
  missed: number;
  mean_service_s: number | null;
};
export type CounterState = {
  hall: HallProfile;
  counter: CounterSeat;
  ticket: TicketFull | null;
  why: Why | null;
  lines: Array<CounterLine>;
  reserved: Array<TicketBrief>;
  parked: Array<TicketBrief>;
  missed: Array<TicketBrief>;
  today: CounterToday;
  notices: Array<Notice>;
  emergency: null;
  services: Array<KioskService>;
  counters: Array<CounterOutline>;
  outcomes: Array<Outcome>;
  recall_gap_s: number;
  demo: boolean;
};
export type LeadService = {
  issued: number;
  served: number;
  longest_wait_s: number;
  head: Array<TicketBrief>;
  daily_cap: number | null;
  id: string;
  prefix: string;
  name: Text;
  hint: Text | null;
  open: boolean;
  closed_reason: ClosedReason | null;
  waiting: number;
  wait: Range | null;
  materials: Array<Material>;
  counters: Array<string>;
  area: Text | null;
  open_counters: number;
};
export type LeadOffer = {
  id: string;
  offset_min: number | null;
};
export type LeadCounter = {
  no: string;
  name: Text | null;
  state: CounterStanding;
  clerk: string | null;
  badge: string | null;
  services: Array<LeadOffer>;
  ticket: TicketBrief | null;
  since: string | null;
  served: number;
};
export type DeviceSeen = {
  id: string;
  kind: DeviceKind;
  name: string;
  online: boolean;
  last_seen: string | null;
};
export type ForecastKept = {
  kept_rate: number | null;
  kept: number;
  given: number;
};
export type Totals = {
  issued: number;
  waiting: number;
  serving: number;
  served: number;
  missed: number;
  cancelled: number;
  rated: number;
  grade_mean: number | null;
};
export type StoreHealth = 'ok' | 'away';
export type VoiceHealth = 'ok' | 'no_device' | 'off';
export type HealthBrief = {
  store: StoreHealth;
  voice: VoiceHealth;
  voice_detail: string | null;
  disk_free_mb: number | null;
};
export type LeadState = {
  hall: HallProfile;
  day: string;
  open: boolean;
  standing: Standing;
  services: Array<LeadService>;
  counters: Array<LeadCounter>;
  missed: Array<TicketBrief>;
  parked: Array<TicketBrief>;
  devices: Array<DeviceSeen>;
  notices: Array<Notice>;
  emergency: null;
  forecast: ForecastKept;
  totals: Totals;
  health: HealthBrief;
  orders: LeadOrders;
  demo: boolean;
};

// People and devices.
export type User = {
  username: string;
  name: string;
  badge: string | null;
  roles: Array<Role>;
  teams: Array<string>;
  skills: Array<string>;
};
export type SessionAnswer = {
  user: User;
  expires_at: string;
};
export type Account = {
  disabled: boolean;
  username: string;
  name: string;
  badge: string | null;
  roles: Array<Role>;
  teams: Array<string>;
  skills: Array<string>;
};
export type DeviceScope = {
  counter: string;
};
export type Device = {
  id: string;
  kind: Role;
  name: string;
  scope: DeviceScope | null;
  added_at: string;
  teams: Array<string>;
};
export type PairedDevice = {
  id: string;
  kind: DeviceKind;
  name: string;
  scope: DeviceScope | null;
};
export type PairingOpened = {
  code: string;
  claim: string;
  expires_at: string;
};
export type PairingAnswer = { 'state': 'pending' } | { 'state': 'approved', token: string, device: PairedDevice, };
export type PairingWaiting = {
  code: string;
  kind: DeviceKind;
  expires_at: string;
};
export type DemoAccount = {
  username: string;
  password: string;
  roles: Array<Role>;
};
export type DemoDevice = {
  kind: DeviceKind;
  name: string;
  token: string;
};
export type DemoScreen = {
  path: string;
  name: Text;
};
export type DemoAnswer = {
  simulation: boolean;
  accounts: Array<DemoAccount>;
  devices: Array<DemoDevice>;
  screens: Array<DemoScreen>;
};
