/// The address behind the QR: the server says it in full when it knows its public address, else it is where this kiosk reads from.
export const phonePage = (statusUrl: string): string => new URL(statusUrl, location.origin).href;
