using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Tabular;

namespace OfflineRL.Tests.Train.Tabular;

/// <summary>Logs of known MDPs, and exact scores of stored policies.</summary>
static class TabularData
{
    /// <summary>One episode: a letter a state, then the actions and rewards of its steps.</summary>
    public sealed record Episode(int[] States, int[] Actions, double[] Rewards, bool Terminated, int? Final);

    /// <summary>Compiles a dataset of episodes.</summary>
    public static TrainingColumns Write(TrainData data, string name, int states, int actions, IEnumerable<Episode> episodes, TabularMdp? masks = null)
    {
        using (var writer = DatasetWriter.Create(data.Workspace, name, new DatasetDescription { ObservationSpace = new DiscreteSpace(states), ActionSpace = new DiscreteSpace(actions), HasActionMask = masks is not null }))
        {
            var key = 0;
            foreach (var episode in episodes)
            {
                writer.WriteEpisode(new EpisodeColumns
                {
                    Key = $"{name}/{key++}",
                    BehaviorPolicy = "test",
                    Observations = Array.ConvertAll(episode.States, s => (float)s),
                    DiscreteActions = episode.Actions,
                    Rewards = episode.Rewards,
                    Terminated = episode.Terminated,
                    Truncated = !episode.Terminated,
                    FinalObservation = episode.Final is { } final ? [(float)final] : default,
                    ActionMasks = masks is null ? default : [.. episode.States.SelectMany(s => masks.Mask.Slice(s * actions, actions).ToArray())],
                });
            }

            writer.Commit();
        }

        return Dataset.Open(data.Workspace, name).Compile(NullProgress.Instance);
    }

    /// <summary>Episodes of a policy, cut after some steps.</summary>
    public static IEnumerable<Episode> Roll(TabularMdp mdp, TabularPolicy policy, int episodes, int limit, ulong seed)
    {
        var random = RandomStream.Create(seed, "roll");
        for (var episode = 0; episode < episodes; episode++)
        {
            var (states, actions, rewards) = (new List<int>(), new List<int>(), new List<double>());
            var (state, ended) = (random.NextCategorical(mdp.Start), false);
            while (!ended && states.Count < limit)
            {
                var action = random.NextCategorical(policy[state]);
                var row = mdp.Row(state, action);
                var outcome = random.NextCategorical(row.Probabilities);
                states.Add(state);
                actions.Add(action);
                rewards.Add(row.Rewards[outcome]);
                (state, ended) = (row.NextStates[outcome], row.Ends[outcome]);
            }

            yield return new Episode([.. states], [.. actions], [.. rewards], ended, state);
        }
    }

    /// <summary>Every action of every state once, as an episode of one step that is cut unless it ends; for deterministic MDPs.</summary>
    public static IEnumerable<Episode> EveryStep(TabularMdp mdp)
    {
        for (var s = 0; s < mdp.StateCount; s++)
        {
            for (var a = 0; a < mdp.ActionCount; a++)
            {
                var row = mdp.Row(s, a);
                if (row.Count == 0)
                    continue;
                Assert.Equal(1, row.Count);
                yield return new Episode([s], [a], [row.Rewards[0]], row.Ends[0], row.NextStates[0]);
            }
        }
    }

    /// <summary>The transitions of episodes, as a learner takes them.</summary>
    public static IEnumerable<TabularTransition> Transitions(IEnumerable<Episode> episodes)
    {
        foreach (var e in episodes)
        {
            for (var t = 0; t < e.States.Length; t++)
            {
                var isLast = t == e.States.Length - 1;
                yield return new TabularTransition
                {
                    State = e.States[t],
                    Action = e.Actions[t],
                    Reward = e.Rewards[t],
                    NextState = isLast ? e.Final ?? -1 : e.States[t + 1],
                    NextAction = isLast ? -1 : e.Actions[t + 1],
                    Terminated = isLast && e.Terminated,
                    EndsEpisode = isLast,
                };
            }
        }
    }

    /// <summary>A config whose tabular sections all have this discount.</summary>
    public static TrainConfig Config(string algorithm, double discount, int steps = 60) => new()
    {
        Dataset = "any",
        Algorithm = algorithm,
        Name = algorithm,
        Steps = steps,
        BatchSize = 8,
        PolicyPeriodSteps = 30,
        CheckpointPeriodSteps = 20,
        LogPeriodSteps = 7,
        ValueIteration = new() { Discount = discount },
        PolicyIteration = new() { Discount = discount },
        PolicyEvaluation = new() { Discount = discount },
        MonteCarlo = new() { Discount = discount },
        Td = new() { Discount = discount, Lambda = 0.7 },
        Sarsa = new() { Discount = discount },
        ExpectedSarsa = new() { Discount = discount },
        QLearning = new() { Discount = discount },
    };

    /// <summary>Trains and returns the folder of seed 0's last policy.</summary>
    public static string Learn(TrainData data, TrainConfig config, TrainingColumns columns)
    {
        TrainJob.Run(config, data.Workspace, columns, NullProgress.Instance, CancellationToken.None);
        return RunFolder.Open(data.Workspace, config.Name).Seeds[0].Last!.Folder;
    }

    /// <summary>A stored policy as a table, through what <c>evaluate</c> loads.</summary>
    public static TabularPolicy Table(string folder, TabularMdp mdp)
    {
        using var policy = LearnedPolicy.Load(folder);
        var (states, actions) = (mdp.StateCount, mdp.ActionCount);
        var probabilities = new double[states * actions];
        policy.Act(
            new PolicyInput { Count = states, Observations = [.. Enumerable.Range(0, states).Select(s => (float)s)], Random = [.. Enumerable.Range(0, states).Select(s => RandomStream.Create((ulong)s, "act"))] },
            new PolicyOutput { Discrete = new int[states], LogProbabilities = new double[states], Probabilities = probabilities });
        return new TabularPolicy("stored", mdp, probabilities);
    }

    /// <summary>An array of doubles of a stored policy.</summary>
    public static double[] Values(string folder, string name)
    {
        using var file = SafetensorsFile.Open(Path.Combine(folder, "policy.safetensors"));
        var entry = file.Tensors[name];
        Assert.Equal("F64", entry.Type);
        var values = new double[entry.Length / sizeof(double)];
        file.Read(entry, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
