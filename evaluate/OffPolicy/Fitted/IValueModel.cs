using OfflineRL.Datasets;

namespace OfflineRL.Evaluate;

/// <summary>A model of q that is fitted to some episodes and asked about others.</summary>
interface IValueModel
{
    /// <summary>Fits, and writes q(s_t, a_t) and v(s_t) of the rows that are asked for.</summary>
    /// <param name="log">All episodes.</param>
    /// <param name="training">Episodes to fit to; one that stands twice counts twice.</param>
    /// <param name="scored">Episodes whose rows are written.</param>
    /// <param name="values">[N] each; rows of other episodes stay as they are.</param>
    /// <param name="random">Of this fit alone.</param>
    /// <param name="cancellation">Looked at between chunks of work.</param>
    /// <exception cref="UserErrorException">The log does not have what the fit needs, or the fit did not converge.</exception>
    void Fit(FitLog log, IReadOnlyList<int> training, IReadOnlyList<int> scored, ValueColumns values, RandomStream random, CancellationToken cancellation);
}
