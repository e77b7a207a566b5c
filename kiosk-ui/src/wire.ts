/// The wire types, as the server's Rust types spell them: data only, no behaviour.

export type Text = { zh: string; en: string };
export type Range = { low_min: number; high_min: number };
export type Language = 'zh' | 'en';

export type TicketState = 'booked' | 'waiting' | 'called' | 'serving' | 'parked' | 'missed' | 'closed';
export type CounterStanding = 'open' | 'paused' | 'closed';
export type Standing = 'open' | 'break' | 'before_opening' | 'after_closing' | 'holiday';
export type CallState = 'called' | 'serving' | 'done' | 'missed';
export type ClosedReason = 'closed_by_staff' | 'hall_closed' | 'full' | 'no_counter';
export type Outcome = 'done' | 'refused' | 'missing_materials' | 'info_only' | 'work_order';
export type Place = 'front' | 'end' | 'by_age';
export type MaterialMark = 'received' | 'missing' | 'doubtful';
export type Role = 'kiosk' | 'board' | 'counter_display' | 'speaker' | 'clerk' | 'greeter' | 'operator' | 'handler' | 'lead' | 'manager' | 'admin';
export type DeviceKind = 'kiosk' | 'board' | 'counter_display' | 'speaker';

export interface HallProfile {
  name: Text;
  languages: Language[];
  time_zone: string;
  hotline: string;
}
export interface Notice {
  id: string;
  text: Text;
  at: string;
}
export interface Hours {
  days: string[];
  open: string;
  close: string;
}
export interface Material {
  id: string;
  name: Text;
  required: boolean;
}
export interface ServiceClass {
  id: string;
  name: Text;
  hint: Text | null;
}

// Live frames.
export interface LiveEvent {
  rev: number;
  type: string;
  at: string;
  number?: string;
  service?: string;
  counter?: string;
  to_counter?: string;
  calls?: number;
  language?: string;
  [field: string]: unknown;
}
export interface SnapshotFrame<S> {
  type: 'snapshot';
  epoch: string;
  rev: number;
  at: string;
  state: S;
}
export interface EventsFrame<S> {
  type: 'events';
  epoch: string;
  prev: number;
  rev: number;
  at: string;
  events: LiveEvent[];
  state: S;
}
export interface BeatFrame {
  type: 'beat';
  epoch: string;
  prev: number;
  rev: number;
  at: string;
}
export interface ByeFrame {
  type: 'bye';
  code: 'slow' | 'restart' | 'revoked';
  retry_ms: number;
}
export type Frame<S> = SnapshotFrame<S> | EventsFrame<S> | BeatFrame | ByeFrame;

// The board and the counter's own display.
export interface BoardCall {
  number: string;
  counter: string;
  at: string;
  calls: number;
  rev: number;
  language: string;
  class: string;
  state: CallState;
}
export interface BoardService {
  id: string;
  prefix: string;
  name: Text;
  open: boolean;
  waiting: number;
  wait: Range | null;
  next: string[];
}
export interface BoardCounter {
  no: string;
  name: Text | null;
  state: CounterStanding;
  number: string | null;
  services: string[];
  badge: string | null;
}
export interface BoardState {
  hall: HallProfile;
  calls: BoardCall[];
  waiting: Record<string, number>;
  services: BoardService[];
  missed: string[];
  counters: BoardCounter[];
  notice: Notice | null;
  notices: Notice[];
  emergency: null;
  open: boolean;
}
export interface NamedService {
  id: string;
  name: Text;
}
export interface DisplayCounter {
  no: string;
  name: Text | null;
  state: CounterStanding;
  number: string | null;
  ticket_state: 'called' | 'serving' | null;
  calls: number;
  called_at: string | null;
  services: NamedService[];
  badge: string | null;
  pause_reason: string | null;
}
export interface DisplayState {
  hall: HallProfile;
  counter: DisplayCounter;
  notice: Notice | null;
  emergency: null;
  open: boolean;
}

// The kiosk; `GET /hall` answers the same with `epoch`, `rev` and `at`.
export interface KioskService {
  id: string;
  prefix: string;
  name: Text;
  hint: Text | null;
  open: boolean;
  closed_reason: ClosedReason | null;
  waiting: number;
  wait: Range | null;
  materials: Material[];
  counters: string[];
  area: Text | null;
  open_counters: number;
}
export interface CounterOutline {
  no: string;
  name: Text | null;
  state: CounterStanding;
  services?: string[];
}
export interface KioskState {
  hall: HallProfile;
  demo: boolean;
  open: boolean;
  standing: Standing;
  opens_at: string | null;
  enforce_hours: boolean;
  hours: Hours[];
  services: KioskService[];
  classes: ServiceClass[];
  counters: CounterOutline[];
  notices: Notice[];
  emergency: null;
}
export interface HallAnswer extends KioskState {
  epoch: string;
  rev: number;
  at: string;
}

// Tickets.
export interface Ticket {
  id: string;
  number: string;
  service: string;
  class: string;
  state: TicketState;
  language: string;
  issued_at: string;
  service_day: string;
  counter: string | null;
  called_at: string | null;
  calls: number;
  source: string;
}
export interface TicketBrief {
  id: string;
  number: string;
  service: string;
  class: string;
  state: TicketState;
  language: string;
  issued_at: string;
  joined_at: string;
  called_at: string | null;
  counter: string | null;
  calls: number;
  late: boolean;
}
export interface Leg {
  service: string;
  counter: string | null;
  joined_at: string;
  called_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  end: string | null;
}
export interface TicketFull extends Ticket {
  joined_at: string;
  started_at: string | null;
  legs: Leg[];
  outcome: Outcome | null;
  reason: string | null;
  solution: string | null;
  materials: string[];
  rating: number | null;
  park_reason: string | null;
}
export interface PassedOver {
  number: string;
  service: string;
  class: string;
  waited_min: number;
  score_min: number;
}
export interface Why {
  rule: 'least_score' | 'chosen' | 'resumed' | 'reserved';
  service: string;
  score_min: number;
  offset_min: number | null;
  passed_over: PassedOver[];
}
export interface IssueAnswer {
  ticket: Ticket;
  ahead: number;
  wait: Range | null;
  status_url: string;
  epoch: string;
  rev: number;
}
export interface TicketAnswer {
  ticket: Ticket;
  epoch: string;
  rev: number;
}
export interface NextAnswer {
  ticket: Ticket | null;
  why: Why | null;
  epoch: string;
  rev: number;
}
export interface CounterAnswer {
  counter: { no: string; state: CounterStanding; clerk: string | null; fence: number };
  epoch: string;
  rev: number;
}
export interface Committed {
  epoch: string;
  rev: number;
}

// The clerk's counter.
export interface CounterService {
  id: string;
  name: Text;
  offset_min: number | null;
}
export interface CounterLine {
  service: string;
  name: Text;
  waiting: number;
  mine: boolean;
  offset_min: number | null;
  longest_wait_s: number;
  head: TicketBrief[];
}
export interface CounterState {
  hall: HallProfile;
  counter: {
    no: string;
    name: Text | null;
    state: CounterStanding;
    clerk: string | null;
    fence: number;
    paused_reason: string | null;
    since: string | null;
    services: CounterService[];
  };
  ticket: TicketFull | null;
  why: Why | null;
  lines: CounterLine[];
  /** Sent to this very counter; they come before the lines. */
  reserved?: TicketBrief[];
  parked: TicketBrief[];
  missed: TicketBrief[];
  today: { served: number; refused: number; missed: number; mean_service_s: number | null };
  notices: Notice[];
  emergency: null;
  services: KioskService[];
  counters: CounterOutline[];
  outcomes: Outcome[];
  recall_gap_s: number;
  demo: boolean;
}

// The lead's hall.
export interface LeadService extends KioskService {
  issued: number;
  served: number;
  longest_wait_s: number;
  head: TicketBrief[];
  daily_cap: number | null;
}
export interface LeadCounter {
  no: string;
  name: Text | null;
  state: CounterStanding;
  clerk: string | null;
  badge: string | null;
  services: { id: string; offset_min: number | null }[];
  ticket: TicketBrief | null;
  since: string | null;
  served: number;
}
export interface DeviceSeen {
  id: string;
  kind: DeviceKind;
  name: string;
  online: boolean;
  last_seen: string | null;
}
export interface LeadState {
  hall: HallProfile;
  day: string;
  open: boolean;
  standing: Standing;
  services: LeadService[];
  counters: LeadCounter[];
  missed: TicketBrief[];
  parked: TicketBrief[];
  devices: DeviceSeen[];
  notices: Notice[];
  emergency: null;
  forecast: { kept_rate: number | null; kept: number; given: number };
  totals: {
    issued: number;
    waiting: number;
    serving: number;
    served: number;
    missed: number;
    cancelled: number;
    rated: number;
    grade_mean: number | null;
  };
  health: { store: 'ok' | 'away'; voice: 'ok' | 'no_device' | 'off'; voice_detail: string | null; disk_free_mb: number | null };
  demo: boolean;
}

// The customer's phone.
export interface TicketView {
  hall: HallProfile;
  number: string;
  service: NamedService;
  state: TicketState;
  class: string;
  counter: string | null;
  counter_name: Text | null;
  calls: number;
  ahead: number | null;
  wait: Range | null;
  issued_at: string;
  service_day: string;
  materials: Material[];
  area: Text | null;
  can_cancel: boolean;
  can_rate: boolean;
  rated: number | null;
  notices: Notice[];
}

// Accounts, devices, demo.
export interface User {
  username: string;
  name: string;
  badge: string | null;
  roles: Role[];
}
export interface SessionAnswer {
  user: User;
  expires_at: string;
}
export interface Account extends User {
  disabled: boolean;
}
export interface Device {
  id: string;
  kind: DeviceKind;
  name: string;
  scope: { counter: string } | null;
}
export interface PairingOpened {
  code: string;
  claim: string;
  expires_at: string;
}
export type PairingAnswer = { state: 'pending' } | { state: 'approved'; token: string; device: Device };
export interface PairingWaiting {
  code: string;
  kind: DeviceKind;
  expires_at: string;
}
export interface Items<T> {
  items: T[];
  next?: string | null;
}
export interface DemoAnswer {
  simulation: boolean;
  accounts: { username: string; password: string; roles: Role[] }[];
  devices: { kind: DeviceKind; name: string; token: string }[];
  screens: { path: string; name: Text }[];
}

export type ProblemCode =
  | 'unauthenticated'
  | 'session_expired'
  | 'bad_credentials'
  | 'forbidden'
  | 'not_your_counter'
  | 'origin_refused'
  | 'not_found'
  | 'method_not_allowed'
  | 'gone'
  | 'pairing_expired'
  | 'pairing_used'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'malformed_json'
  | 'idempotency_key_missing'
  | 'bad_idempotency_key'
  | 'bad_request'
  | 'invalid_field'
  | 'unknown_field'
  | 'idempotency_key_reused'
  | 'refusal_needs_reason_and_solution'
  | 'missing_materials_needs_list'
  | 'unknown_service'
  | 'unknown_counter'
  | 'too_many_attempts'
  | 'too_many_requests'
  | 'hall_closed'
  | 'service_closed'
  | 'service_full'
  | 'hall_full'
  | 'wrong_state'
  | 'counter_moved_on'
  | 'counter_taken_over'
  | 'counter_not_open'
  | 'counter_paused'
  | 'ticket_in_hand'
  | 'no_ticket_in_hand'
  | 'counter_does_not_serve'
  | 'recall_too_soon'
  | 'already_rated'
  | 'already_exists'
  | 'last_admin'
  | 'setup_done'
  | 'emergency'
  | 'store_away'
  | 'store_unsafe'
  | 'overloaded'
  | 'shutting_down'
  | 'internal'
  | 'weak_password'
  | 'too_many_live_tickets';

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail?: string;
  retry_after_s?: number;
  fields?: Record<string, unknown>;
  request_id?: string;
  applied?: boolean | 'unknown';
  [more: string]: unknown;
}
