// The modelled books keep the rules of the real ones.
import { memoryInventory } from '../support/memory-inventory.ts';
import { inventoryConformance } from './store.ts';

inventoryConformance(async () => {
  const store = memoryInventory();
  return { store, reopen: async () => store };
});
