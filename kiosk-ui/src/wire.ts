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
export type ProblemCode = 'unauthenticated' | 'session_expired' | 'bad_credentials' | 'forbidden' | 'not_your_counter' | 'not_your_team' | 'lead_only' | 'origin_refused' | 'not_found' | 'method_not_allowed' | 'gone' | 'pairing_expired' | 'pairing_used' | 'payload_too_large' | 'unsupported_media_type' | 'malformed_json' | 'idempotency_key_missing' | 'bad_idempotency_key' | 'bad_request' | 'invalid_field' | 'unknown_field' | 'idempotency_key_reused' | 'refusal_needs_reason_and_solution' | 'missing_materials_needs_list' | 'weak_password' | 'unknown_service' | 'unknown_counter' | 'unknown_team' | 'unknown_category' | 'unknown_cause' | 'resolution_incomplete' | 'reply_missing' | 'work_order_missing' | 'too_many_attempts' | 'too_many_requests' | 'hall_closed' | 'service_closed' | 'service_full' | 'hall_full' | 'wrong_state' | 'limit_reached' | 'stale_lease' | 'wip_limit' | 'callback_by_handler' | 'call_ended' | 'extension_too_late' | 'no_extension_asked' | 'incident_resolved' | 'already_attached' | 'order_has_children' | 'counter_moved_on' | 'counter_taken_over' | 'counter_not_open' | 'counter_paused' | 'ticket_in_hand' | 'no_ticket_in_hand' | 'counter_does_not_serve' | 'recall_too_soon' | 'already_rated' | 'already_exists' | 'last_admin' | 'setup_done' | 'emergency' | 'too_many_live_tickets' | 'store_away' | 'store_unsafe' | 'overloaded' | 'shutting_down' | 'internal';

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
  demo: boolean;
};

// People and devices.
export type User = {
  username: string;
  name: string;
  badge: string | null;
  roles: Array<Role>;
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
