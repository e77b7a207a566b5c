/// The hotline and work orders as the screens name them; all but what an operator sends is made from the server's types.

import type { Address, AddressItem, CallChanged, CallLogged, HotlineCall, OrderAnswer, Reached } from '../../wire';

export type {
  ActionKind,
  Address,
  AddressItem,
  AttachAnswer,
  CallBrief,
  CallDirection,
  CallerRole,
  CallEnded as EndAnswer,
  Case as CaseView,
  Channel,
  ClaimAnswer,
  ClockKind,
  ClockState,
  Desk,
  Disposition,
  HeatStatus,
  HotlineCall,
  HotlineState,
  Incident,
  IncidentAnswer,
  IncidentFull,
  Known,
  LeadOrders,
  Leak,
  MissedCaller as Missed,
  NextClock,
  OrderBrief,
  OrderClock,
  OrderMade,
  OrderState,
  Plan,
  PlanCategory,
  PlanTeam,
  RevealAnswer,
  RingingCall as Ringing,
  Signature,
  Suspicion,
  Symptoms,
  TeamState,
  Urgency,
  Vulnerable,
  WorkOrder,
} from '../../wire';

export type CallAnswer = CallLogged;
export type PatchAnswer = CallChanged;
export type StepAnswer = OrderAnswer;
export type ContactOutcome = Reached;
export type LeaseAnswer = OrderAnswer['lease'];

/// An address as it is sent: the book's entry is named, so that the server knows it again.
export type AddressSent = Omit<Address, 'share_ppm'> & { place_id?: string; share_ppm?: number | null };

/// What an operator writes down of a call.
export type CallFields = Pick<
  HotlineCall,
  | 'caller_number'
  | 'caller_name'
  | 'caller_role'
  | 'callback_number'
  | 'customer_no'
  | 'heat_status'
  | 'area_m2'
  | 'category'
  | 'symptoms'
  | 'description'
  | 'urgency'
  | 'safety'
  | 'sealed'
  | 'language'
  | 'vulnerable'
  | 'promise'
> & { address: AddressSent };
export type CallPatch = Partial<CallFields>;

/// What an address needs of an entry of the book.
export type Chosen = Pick<AddressItem, 'id' | 'label' | 'depth' | 'community' | 'building' | 'unit' | 'room' | 'station' | 'area' | 'team' | 'riser' | 'customer_no' | 'heat_status' | 'area_m2'> & {
  share_ppm?: number | null;
};
