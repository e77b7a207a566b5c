import '../../look/base.css';
import { open } from '../../mount';
import Ticket from './Ticket.svelte';

open(Ticket);
