using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>An MDP whose actions fail now and then: P' = (1 - slip) P(s, a) + slip mean over the allowed actions b of P(s, b), rewards with them.</summary>
static class ActionNoise
{
    /// <summary>The MDP under noise; the same one where <paramref name="slip"/> is 0.</summary>
    /// <param name="mdp">Any.</param>
    /// <param name="slip">Probability that an action is replaced by an allowed one, evenly drawn, which may be the same.</param>
    public static TabularMdp Add(TabularMdp mdp, double slip)
    {
        if (slip == 0)
            return mdp;
        var builder = new TabularMdpBuilder(mdp.StateCount, mdp.ActionCount, mdp.Source)
        {
            Discount = mdp.Discount,
            StateNames = mdp.StateNames,
            ActionNames = mdp.ActionNames,
        };
        if (mdp.HasMask)
            builder.SetMask(mdp.Mask);
        for (var s = 0; s < mdp.StateCount; s++)
        {
            var allowed = Enumerable.Range(0, mdp.ActionCount).Where(a => mdp.IsAllowed(s, a)).ToArray();
            for (var a = 0; a < mdp.ActionCount; a++)
            {
                if (mdp.Row(s, a).Count == 0)
                    continue;
                AddRow(builder, mdp, s, a, a, 1 - slip);
                foreach (var b in allowed)
                    AddRow(builder, mdp, s, b, a, slip / allowed.Length);
            }

            builder.SetStart(s, mdp.Start[s]);
        }

        return builder.Build();
    }

    static void AddRow(TabularMdpBuilder builder, TabularMdp mdp, int state, int done, int meant, double weight)
    {
        var row = mdp.Row(state, done);
        for (var i = 0; i < row.Count; i++)
            builder.Add(state, meant, row.NextStates[i], weight * row.Probabilities[i], row.Rewards[i], row.Ends[i]);
    }
}
