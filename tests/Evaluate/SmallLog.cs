using OfflineRL.Datasets;

namespace OfflineRL.Tests.Evaluate;

/// <summary>
/// A log of two actions whose probabilities are known: action 1 gives reward 1, action 0 nothing; it is taken with
/// probability sigmoid(z_1 - z_0), and the logits z are stored beside it.
/// </summary>
static class SmallLog
{
    public const int Episodes = 200;

    /// <summary>Writes it into a workspace; returns the mean return.</summary>
    public static double Write(Workspace workspace, string name, PropensitySource source, double neverLogged = double.NaN, bool halved = false)
    {
        var stream = RandomStream.Create(1, "small-log");
        using var writer = DatasetWriter.Create(workspace, name, new DatasetDescription
        {
            ObservationSpace = BoxSpace.Unbounded(4),
            ActionSpace = new DiscreteSpace(2),
            PropensitySource = source,
            PropensityKind = source == PropensitySource.Unknown ? PropensityKind.None : PropensityKind.Probability,
            HasBehaviorProbabilities = source != PropensitySource.Unknown && !halved,
            InfoColumns = [new InfoColumn("info_logits", Width: 2), new InfoColumn("info_z_0"), new InfoColumn("info_z_1"), new InfoColumn("info_better", Width: 2), new InfoColumn("info_note", InfoType.Text)],
            Split = new SplitRule(0, [new("train", 0.5), new("test", 0.5)]),
        });
        var total = 0.0;
        for (var episode = 0; episode < Episodes; episode++)
        {
            var steps = 1 + stream.NextInt(4);
            var (observations, logits) = (new float[4 * steps], new double[2 * steps]);
            var (actions, rewards, logProbabilities, probabilities) = (new int[steps], new double[steps], new double[steps], new double[2 * steps]);
            for (var t = 0; t < steps; t++)
            {
                logits[2 * t] = stream.NextGaussian();
                logits[(2 * t) + 1] = stream.NextGaussian();
                probabilities[(2 * t) + 1] = 1 / (1 + Math.Exp(logits[2 * t] - logits[(2 * t) + 1]));
                probabilities[2 * t] = 1 - probabilities[(2 * t) + 1];
                if (episode == 0 && t == 0 && !double.IsNaN(neverLogged))
                    (probabilities[0], probabilities[1]) = (neverLogged, 1 - neverLogged);
                observations[4 * t] = (float)probabilities[(2 * t) + 1];
                actions[t] = stream.NextDouble() < probabilities[(2 * t) + 1] ? 1 : 0;
                rewards[t] = actions[t];
                logProbabilities[t] = Math.Log(probabilities[(2 * t) + actions[t]] * (halved ? 0.5 : 1));
            }

            total += rewards.Sum();
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = $"episode-{episode}",
                BehaviorPolicy = "softmax",
                Observations = observations,
                DiscreteActions = actions,
                Rewards = rewards,
                Terminated = true,
                BehaviorLogProbabilities = source == PropensitySource.Unknown ? [] : logProbabilities,
                BehaviorProbabilities = source == PropensitySource.Unknown || halved ? [] : probabilities,
                Info =
                [
                    InfoValues.Of(logits),
                    InfoValues.Of(Enumerable.Range(0, steps).Select(t => logits[2 * t]).ToArray()),
                    InfoValues.Of(Enumerable.Range(0, steps).Select(t => logits[(2 * t) + 1]).ToArray()),
                    InfoValues.Of(Enumerable.Range(0, 2 * steps).Select(i => i % 2 == 0 ? 0.25 : 0.75).ToArray()),
                    new InfoValues { Texts = new string?[steps] },
                ],
            });
        }

        writer.Commit();
        return total / Episodes;
    }
}
