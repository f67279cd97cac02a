// Preloaded into apps (`node --import`): whatever port they ask for, the system picks one on this computer alone, and
// the test is told which. Two apps never fight for a port, and none is open to the network.
import net from 'node:net';
import { tell } from './script.mjs';

const { listen } = net.Server.prototype;

net.Server.prototype.listen = function (...given) {
  const listening = given.filter((one) => typeof one === 'function');
  this.once('listening', () => tell('listening', { url: `http://127.0.0.1:${this.address().port}` }));
  return listen.call(this, 0, '127.0.0.1', ...listening);
};
