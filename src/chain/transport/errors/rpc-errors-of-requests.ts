import type { RpcErrorPattern } from './rpc-error-pattern.js';

/** About the request as such: its shape, its batch, the answer's length, and how long it took. */
export const errorsOfRequests: readonly RpcErrorPattern[] = [
  ['method-disabled', 'BSC dataseed', 'limit exceeded', /^(request )?limit exceeded\.?$/],
  // It gives logs all the same, only not those of any contract.
  [
    'method-disabled',
    'PublicNode',
    'Please specify an address in your request or, to remove restrictions, order a dedicated full node here',
    /specify an address/,
  ],
  [
    'internal',
    'reth',
    'panic: runtime error: index out of range',
    /panic|index out of range|nil pointer|null ?pointer|stack overflow|segmentation/,
  ],
  // Hyperliquid's node means a range beyond its head; geth's longer text means one that runs backwards.
  ['lag', 'Hyperliquid', 'invalid block range', /^invalid block range\.?$/],
  ['invalid-request', 'geth', 'invalid block range params', /^invalid block range params\.?$/],
  [
    'invalid-request',
    'geth',
    'invalid argument 0: cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    /cannot specify both|exceed max (addresses|topics)/,
  ],
  [
    'invalid-request',
    'erigon',
    'fromBlock is greater than toBlock',
    /(from ?block|begin|start)\w* .*(greater|larger|higher|after|bigger|more) .*(to ?block|end)/,
  ],
  [
    'invalid-request',
    'BlockPI',
    'Please specify less number of addresses',
    /(addresses|topics) .*(exceed|too many|limit)|(too many|less number of|maximum number of|fewer) (addresses|topics)/,
  ],
  [
    'invalid-request',
    'erigon',
    'query exceeds the maximum of 1000 addresses or topics per search position',
    /exceeds? (the |a |its )?(max\w*|limit)( number)?( of)? \d+ (addresses|topics)/,
  ],
  ['invalid-request', '1RPC', 'JSON RPC Request is too large', /request (body )?(is )?too (large|big)/],

  [
    'batch',
    'geth',
    'batch too large',
    /batch (request |call )?(size |length |limit |item )*(is |was )?(too (large|big|long|many)|exceed)/,
  ],
  [
    'batch',
    'Optimism proxyd',
    'too many RPC calls in batch request',
    /batch(ed|ing|es)?( requests?| calls?)?( are| is)? (not|n't|un|dis)|too (many|large) .*batch/,
  ],
  [
    'batch',
    'dRPC',
    'Batch of more than 3 requests are not allowed on free plan, please use a paid plan',
    /batch.*(max|limit|over|more)|(max\w*|over|exceed\w*|limit) .*batch/,
  ],
  [
    'batch',
    'Go servers',
    'json: cannot unmarshal array into Go value of type rpc.Request',
    /cannot unmarshal array|(not|n't|no|disallow\w*|disabled?) (support\w* |allow\w* )?batch/,
  ],

  [
    'response-too-large',
    'Optimism proxyd',
    'backend response too large',
    /response (body |message |size )*(is |was )?(too (large|big)|larger|bigger|exceed|limit|over)/,
  ],
  [
    'response-too-large',
    '1RPC',
    'response size should not greater than 10000000 bytes',
    /response (body |message |size )*(should|must|can|may)( ?not|n't)/,
  ],
  [
    'response-too-large',
    'go-ethereum clients',
    'read limit exceeded',
    /max(imum)? (response|message|body) size|payload too large|read limit exceeded/,
  ],
];

/** About time; "timeout on the free tier, please upgrade" is among them, and no wish for money. */
export const errorsOfTime: readonly RpcErrorPattern[] = [
  [
    'timeout',
    'Alchemy',
    'Query timeout exceeded. Consider reducing your block range.',
    /time[d]?[ -]?out|deadline exceeded|took too (long|much time)|execution (was )?(aborted|interrupted)/,
  ],
  [
    'timeout',
    'geth',
    'context canceled',
    /request (was )?(aborted|cancell?ed)|context cancell?ed|query (was )?(cancell?ed|aborted|interrupted)/,
  ],
];
