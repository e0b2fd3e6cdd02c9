/** The thread that prepares cases: takes a case and its plan, answers with the sample, in memory that threads share. */
import { serve } from '../workers/serve.node.js';
import { prepareCase } from './prepare-case.node.js';

serve(prepareCase);
