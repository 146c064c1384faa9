using System.Globalization;

namespace OfflineRL.Evaluate;

/// <summary>All policies by one estimator and one criterion, the best first, and what that says.</summary>
sealed class EstimatorRanking
{
    /// <param name="name">The estimator, with its value model where the report has several.</param>
    /// <param name="criterion">What is ranked by.</param>
    /// <param name="estimates">Of this estimator, one a policy.</param>
    /// <param name="truths">[policies] mean returns in the order of <paramref name="estimates"/>, NaN where unknown; null where there are none.</param>
    public EstimatorRanking(string name, SelectionCriterion criterion, IReadOnlyList<CandidateEstimate> estimates, double[]? truths)
    {
        (Name, Criterion) = (name, criterion);
        // Of equal values the higher estimate, then the one that the report has first: sorting keeps the order.
        var order = Enumerable.Range(0, estimates.Count)
            .OrderByDescending(i => estimates[i].Value(criterion) ?? double.NegativeInfinity)
            .ThenByDescending(i => estimates[i].Estimate ?? double.NegativeInfinity)
            .ToList();
        Ordered = order.Select(i => estimates[i]).ToList();
        Values = Ordered.Select(e => e.Value(criterion) ?? double.NaN).ToArray();
        Truths = truths is null ? null : order.Select(i => truths[i]).ToArray();
    }

    public string Name { get; }

    public SelectionCriterion Criterion { get; }

    /// <summary>The best first, those without a value last.</summary>
    public IReadOnlyList<CandidateEstimate> Ordered { get; }

    /// <summary>[policies] what they are ordered by, falling; NaN where there is none.</summary>
    public double[] Values { get; }

    /// <summary>[policies] in the same order; null where there is no truth.</summary>
    public double[]? Truths { get; }

    public int Ranked => Values.Count(v => !double.IsNaN(v));

    public int Trusted => Ordered.Count(e => e.IsTrusted);

    /// <summary>The first policy that has a value and a verdict to go by; null where the estimator can rank none of them.</summary>
    public CandidateEstimate? Choice => Fault is null ? Ordered.First(e => e.IsTrusted && e.Value(Criterion) is not null) : null;

    /// <summary>Why no policy can be chosen by it; null where one can.</summary>
    public string? Fault
    {
        get
        {
            var eligible = Ordered.Where(e => e.IsTrusted && e.Value(Criterion) is not null).ToList();
            if (Ordered.All(e => !e.IsTrusted))
                return "cannot rank: no estimate is to be trusted (do not trust, not identifiable or undefined for every policy)";
            if (eligible.Count == 0)
                return "cannot rank: no policy that is to be trusted has an interval";
            if (eligible.Count == 1)
                return $"cannot rank: only {eligible[0].Candidate} has an estimate to be trusted, and there is nothing to set it against";
            if (eligible.All(e => e.Low is not null) && eligible.Max(e => e.Low) <= eligible.Min(e => e.High))
                return "cannot tell the policies apart: the intervals of all of them overlap";
            return null;
        }
    }

    /// <summary>Whether the estimates can rank, in words.</summary>
    public string Verdict
    {
        get
        {
            if (Fault is { } fault)
                return fault;
            var (best, apart, eligible) = (Choice!, Apart, Eligible);
            return best.Low is null
                ? "ranks, without intervals: how sure it is of the order cannot be said"
                : string.Create(CultureInfo.InvariantCulture, $"ranks: the first is apart from {apart} of {eligible - 1} others{(Trusted < Ordered.Count ? $"; {Ordered.Count - Trusted} of {Ordered.Count} are not to be trusted" : "")}");
        }
    }

    /// <summary>Policies whose interval lies wholly below that of the choice.</summary>
    public int Apart => Choice is { Low: { } low } ? Ordered.Count(e => e.IsTrusted && e.High < low) : 0;

    public int Eligible => Ordered.Count(e => e.IsTrusted && e.Value(Criterion) is not null);

    /// <summary>The best truth of all minus the best among the first <paramref name="k"/>.</summary>
    public double Regret(int k) => Truths!.Max() - Truths!.Take(k).Max();
}
