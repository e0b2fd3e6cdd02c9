/** The process that reads cases for the case store: takes the files of one, answers with what they tell. */
import { serve } from '../workers/serve.node.js';
import { measureCase } from './measure-case.node.js';

serve(measureCase);
