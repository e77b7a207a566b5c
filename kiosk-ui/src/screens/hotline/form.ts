/// What an operator types, and what of it goes to the server: only what changed since the server last knew.

import type { Language } from '../../wire';
import type {
  AddressSent,
  CallerRole,
  CallFields,
  CallPatch,
  Chosen,
  HeatStatus,
  HotlineCall,
  Leak,
  Symptoms,
  Urgency,
  Vulnerable,
} from '../work/shapes';

export interface Form {
  number: string;
  name: string;
  callback: string;
  customerNo: string;
  /// The one address box as it reads.
  address: string;
  /// The entry of the address book that was chosen; the box begins with its label.
  chosen: Chosen | null;
  category: string | null;
  description: string;
  urgency: Urgency;
  safety: boolean;
  sealed: boolean;
  language: Language;
  role: CallerRole | null;
  vulnerable: Vulnerable[];
  heat: HeatStatus | null;
  area: number | null;
  rooms: string;
  /// An instant, as ISO.
  since: string | null;
  /// The temperature told, as typed: 16.5
  temperature: string;
  neighbours: boolean | null;
  leak: Leak | null;
  electricity: boolean;
  promise: string;
}

export const emptyForm = (): Form => ({
  number: '',
  name: '',
  callback: '',
  customerNo: '',
  address: '',
  chosen: null,
  category: null,
  description: '',
  urgency: 'normal',
  safety: false,
  sealed: false,
  language: 'zh',
  role: null,
  vulnerable: [],
  heat: null,
  area: null,
  rooms: '',
  since: null,
  temperature: '',
  neighbours: null,
  leak: null,
  electricity: false,
  promise: '',
});

const orNull = (text: string): string | null => (text.trim() === '' ? null : text.trim());
const digits = (text: string): string => text.replace(/\D/g, '');
/// Shorter numbers are still being typed: 95598 and 12345 are the shortest there are.
export const numberDigitsMin = 5;
const roomsMax = 20;

const noAddress: AddressSent = { community: null, building: null, unit: null, room: null, text: null, station: null, area: null, riser: null, team: null };
const noSymptoms: Symptoms = { rooms: [], since: null, room_tenths: null, neighbours_too: null, leak: null, electricity_risk: null };

/// The box and the chosen entry as an address: what stands behind the entry's label is said in the caller's words.
export function addressOf(chosen: Chosen | null, typed: string): AddressSent {
  const text = typed.trim();
  if (chosen === null || !text.startsWith(chosen.label)) return { ...noAddress, text: orNull(text) };
  const { community, building, unit, room, station, area, riser, team, share_ppm } = chosen;
  return {
    ...{ community, building, unit, room, station, area, riser, team },
    text: orNull(text.slice(chosen.label.length)),
    ...(chosen.id === '' ? {} : { place_id: chosen.id }),
    ...(typeof share_ppm === 'number' ? { share_ppm } : {}),
  };
}

export function tenthsOf(typed: string): number | null {
  const degrees = Number(typed.trim().replace(/[℃°cC]+$/, '').replace(',', '.'));
  return typed.trim() === '' || !Number.isFinite(degrees) ? null : Math.round(degrees * 10);
}

export const roomsOf = (typed: string): string[] =>
  typed
    .split(/[,，、;；\s]+/)
    .filter((each) => each !== '')
    .slice(0, roomsMax);

export type Sent = CallFields;

const number = (typed: string): string | null => (digits(typed).length >= numberDigitsMin ? typed.trim() : null);

export function fieldsOf(form: Form): Sent {
  return {
    caller_number: number(form.number),
    caller_name: orNull(form.name),
    caller_role: form.role,
    callback_number: number(form.callback),
    customer_no: orNull(form.customerNo),
    address: addressOf(form.chosen, form.address),
    heat_status: form.heat,
    area_m2: form.area,
    category: form.category,
    symptoms: {
      rooms: roomsOf(form.rooms),
      since: form.since,
      room_tenths: tenthsOf(form.temperature),
      neighbours_too: form.neighbours,
      leak: form.leak,
      electricity_risk: form.electricity ? true : null,
    },
    description: orNull(form.description),
    urgency: form.urgency,
    safety: form.safety,
    sealed: form.sealed,
    language: form.language,
    vulnerable: [...form.vulnerable],
    promise: orNull(form.promise),
  };
}

/// What differs from what the server knows, without the fields that it refused as they stand.
export function patchOf(known: Sent, now: Sent, refused: Record<string, string> = {}): CallPatch {
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(now) as (keyof Sent)[]) {
    const text = JSON.stringify(now[key]);
    if (text !== JSON.stringify(known[key]) && text !== refused[key]) patch[key] = now[key];
  }
  return patch as CallPatch;
}

/// A call of the server's as a form, after a reload or in another browser.
export function formOf(call: HotlineCall): Form {
  const address = call.address ?? noAddress;
  const symptoms = call.symptoms ?? noSymptoms;
  const label = [address.community, address.building, address.unit, address.room].filter((each) => each !== null && each !== '').join(' ');
  const { community, building, unit, room, station, area, riser, team, text } = address;
  const chosen: Chosen | null =
    community === null || label === ''
      ? null
      : {
          id: '',
          label,
          depth: room !== null ? 'room' : unit !== null ? 'unit' : building !== null ? 'building' : 'community',
          community,
          building,
          unit,
          room,
          station,
          area,
          riser,
          team,
          customer_no: null,
          heat_status: null,
          area_m2: null,
        };
  return {
    number: call.caller_number ?? '',
    name: call.caller_name ?? '',
    callback: call.callback_number ?? '',
    customerNo: call.customer_no ?? '',
    address: [label, text].filter((each) => each !== null && each !== '').join(' '),
    chosen,
    category: call.category,
    description: call.description ?? '',
    urgency: call.urgency,
    safety: call.safety,
    sealed: call.sealed,
    language: call.language,
    role: call.caller_role,
    vulnerable: [...call.vulnerable],
    heat: call.heat_status,
    area: call.area_m2,
    rooms: symptoms.rooms.join('、'),
    since: symptoms.since,
    temperature: symptoms.room_tenths === null ? '' : String(symptoms.room_tenths / 10),
    neighbours: symptoms.neighbours_too,
    leak: symptoms.leak,
    electricity: symptoms.electricity_risk === true,
    promise: call.promise ?? '',
  };
}

/// What has to be there before the call can become an order.
export type Lack = 'category' | 'place';
export function lacks(form: Form): Lack[] {
  const found: Lack[] = [];
  if (form.category === null) found.push('category');
  if (form.address.trim() === '') found.push('place');
  return found;
}
