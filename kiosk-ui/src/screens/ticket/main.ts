import '../../look/base.css';
import { haveChinese } from '../../look/glyphs';
import { open } from '../../mount';
import Ticket from './Ticket.svelte';

haveChinese();
open(Ticket);
