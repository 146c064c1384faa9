using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>Where values of a policy come from: columns of the log, or a model fitted to it.</summary>
interface IValueFitter
{
    /// <summary>Values of the policy on every row of the log.</summary>
    /// <param name="log">The episodes that are used, with the policy's weights.</param>
    /// <param name="policy">What it would have done on the log's rows.</param>
    /// <param name="random">Of this fit alone.</param>
    /// <param name="cancellation">Looked at between chunks of work.</param>
    /// <exception cref="UserErrorException">The log does not have what the fit needs.</exception>
    ValueColumns Fit(OpeLog log, IEvaluationPolicy policy, RandomStream random, CancellationToken cancellation);
}
