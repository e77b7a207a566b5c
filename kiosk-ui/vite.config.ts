/// Builds one HTML entry per screen into `dist`, which the server embeds; there is no router.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));
const entries = readdirSync(root).filter((name) => name.endsWith('.html'));

/// Chrome 87 drops every rule with `:where(`, which Svelte writes around its scoping class. Nothing of ours needs the lower weight.
function plainSelectors(): Plugin {
  return {
    name: 'plain-selectors',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === 'asset' && file.fileName.endsWith('.css')) {
          file.source = String(file.source).replace(/:where\((\.svelte-[\w-]+)\)/g, '$1');
        }
      }
    },
  };
}

export default defineConfig(({ mode }) => ({
  root,
  plugins: [svelte(), plainSelectors()],
  build: {
    target: 'chrome87',
    cssTarget: 'chrome87',
    // The server's CSP allows nothing inline and no data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: entries.map((name) => root + name) },
  },
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  test: { environment: 'happy-dom', include: ['tests/**/*.test.ts'], restoreMocks: true },
}));
