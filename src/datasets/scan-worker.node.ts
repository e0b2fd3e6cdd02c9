/** The process that scan-pool starts: takes the files of a case, answers with its scan. */
import { serve } from '../workers/serve.node.js';
import type { Case } from './dataset.js';
import { scanCase } from './scan-case.node.js';

serve((files: Pick<Case, 'image' | 'label'>) => scanCase(files));
