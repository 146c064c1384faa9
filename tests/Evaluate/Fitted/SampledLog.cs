using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate.Fitted;

/// <summary>Episodes of a known decision process under one policy, as the fits and the estimators of another read them.</summary>
sealed record SampledLog(FitLog Fit, LoggedEpisodes Episodes)
{
    /// <summary>Samples.</summary>
    /// <param name="mdp">Transitions, rewards (their expectations), starts and discount.</param>
    /// <param name="behavior">[S * A], what acts.</param>
    /// <param name="evaluation">[S * A], what is to be evaluated.</param>
    /// <param name="episodes">E.</param>
    /// <param name="random">Of this log alone.</param>
    /// <param name="steps">Where episodes are cut; 0: nowhere.</param>
    /// <param name="finite">Whether values are of the cut episode.</param>
    public static SampledLog Of(TabularMdp mdp, double[] behavior, double[] evaluation, int episodes, RandomStream random, int steps = 0, bool finite = false)
    {
        var (first, states, finals, actions, rewards) = (new List<int> { 0 }, new List<int>(), new List<int>(), new List<int>(), new List<double>());
        var terminated = new bool[episodes];
        for (var e = 0; e < episodes; e++)
        {
            var state = random.NextCategorical(mdp.Start);
            for (var t = 0; !terminated[e] && (steps == 0 || t < steps); t++)
            {
                var action = random.NextCategorical(behavior.AsSpan(state * mdp.ActionCount, mdp.ActionCount));
                var row = mdp.Row(state, action);
                var outcome = random.NextCategorical(row.Probabilities);
                states.Add(state);
                actions.Add(action);
                rewards.Add(row.Rewards[outcome]);
                (state, terminated[e]) = (row.NextStates[outcome], row.Ends[outcome]);
            }

            finals.Add(state);
            first.Add(states.Count);
        }

        var points = states.Concat(finals).ToArray();
        var probabilities = points.SelectMany(s => evaluation[(s * mdp.ActionCount)..((s + 1) * mdp.ActionCount)]).ToArray();
        var fit = new FitLog
        {
            FirstRow = first.ToArray(),
            Rewards = rewards.ToArray(),
            Terminated = terminated,
            FinalKnown = Enumerable.Repeat(true, episodes).ToArray(),
            EpisodeHash = Enumerable.Range(0, episodes).Select(e => EpisodeFold.Hash(FormattableString.Invariant($"episode-{e}"))).ToArray(),
            Discount = mdp.Discount,
            IsFinite = finite,
            StateCount = mdp.StateCount,
            States = points,
            ActionCount = mdp.ActionCount,
            Actions = actions.ToArray(),
            Probabilities = probabilities,
        };
        return new SampledLog(fit, LoggedEpisodes.Create(fit.FirstRow, fit.Rewards, LogProbabilities(evaluation), LogProbabilities(behavior)));

        double[] LogProbabilities(double[] policy) => actions.Select((a, row) => Math.Log(policy[(states[row] * mdp.ActionCount) + a])).ToArray();
    }
}
