namespace OfflineRL.Evaluate;

/// <summary>Differences of estimates between two reports, judged by whether their intervals lie apart.</summary>
static class EstimateDifferences
{
    public static IReadOnlyList<EstimateDifferenceRow> Of(IReadOnlyList<EstimateRow> before, IReadOnlyList<EstimateRow> after)
    {
        var later = after.ToLookup(Key);
        var rows = new List<EstimateDifferenceRow>();
        foreach (var group in before.GroupBy(Key))
        {
            var (old, @new) = (group.ToList(), later[group.Key].ToList());
            // A seed trained for longer is still that seed; where a seed has several snapshots, the step says which.
            if (old.Count == 1 && @new.Count == 1)
                rows.Add(Row(old[0], @new[0]));
            else
                rows.AddRange(old.Join(@new, e => e.Step ?? -1, e => e.Step ?? -1, Row));
        }

        return rows;
    }

    static EstimateDifferenceRow Row(EstimateRow b, EstimateRow a)
    {
        var difference = a.Estimate - b.Estimate;
        var comparable = a.Discount == b.Discount && a.Target == b.Target;
        Interval? interval = comparable && b.Low is { } bl && b.High is { } bh && a.Low is { } al && a.High is { } ah ? new Interval(al - bh, ah - bl) : null;
        return new EstimateDifferenceRow
        {
            Algorithm = b.Algorithm,
            Policy = b.Policy,
            Seed = b.Seed,
            StepBefore = b.Step,
            StepAfter = a.Step,
            Split = b.Split,
            Estimator = b.Estimator,
            Before = b.Estimate,
            BeforeLow = b.Low,
            BeforeHigh = b.High,
            After = a.Estimate,
            AfterLow = a.Low,
            AfterHigh = a.High,
            Difference = difference,
            VerdictBefore = b.Verdict.Split(':')[0],
            VerdictAfter = a.Verdict.Split(':')[0],
            Conclusion = DifferenceConclusion.Of(difference ?? double.NaN, interval, comparable && difference == 0),
        };
    }

    static (string, string, long?, string, string) Key(EstimateRow e) => (e.Algorithm, e.Policy, e.Seed, e.Split, e.Estimator);
}
