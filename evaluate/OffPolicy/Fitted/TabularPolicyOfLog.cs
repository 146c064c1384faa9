namespace OfflineRL.Evaluate;

/// <summary>What the evaluation policy does in each state.</summary>
static class TabularPolicyOfLog
{
    /// <summary>The mean of the policy's probabilities over the points of each state: exact where it depends on the state alone.</summary>
    /// <param name="log">With states and discrete actions.</param>
    /// <returns>[S * A]; zeros in states that the log never shows.</returns>
    public static double[] Of(FitLog log)
    {
        var actions = log.ActionCount;
        var (probabilities, counts) = (new double[log.StateCount * actions], new int[log.StateCount]);
        for (var point = 0; point < log.Points; point++)
        {
            if (point >= log.Steps && !log.FinalKnown[point - log.Steps])
                continue;
            var state = log.States![point];
            counts[state]++;
            var row = log.Policy(point);
            for (var a = 0; a < actions; a++)
                probabilities[(state * actions) + a] += row[a];
        }

        for (var at = 0; at < probabilities.Length; at++)
            probabilities[at] /= Math.Max(1, counts[at / actions]);
        return probabilities;
    }
}
