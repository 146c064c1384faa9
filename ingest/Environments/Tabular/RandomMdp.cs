using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>RandomMdp-v1: a garnet, a random MDP of given sizes (Archibald, McKinnon and Thomas 1995; Bhatnagar et al. 2009).</summary>
/// <remarks>
/// Each action leads to <c>branching</c> different states, drawn without replacement, with probabilities that are the lengths between
/// evenly drawn cuts of [0, 1]; r(s, a) is standard normal. Episodes start anywhere. Every transition ends the
/// episode with <c>end_probability</c>. <c>mdp_seed</c> draws the tables, from one stream a state and action, so that each row
/// depends on the sizes and its own place alone.
/// </remarks>
static class RandomMdp
{
    const string Id = "RandomMdp-v1";
    const string States = "states", Actions = "actions", Branching = "branching", Seed = "mdp_seed", EndProbability = "end_probability";

    public static TabularTask Task { get; } = new()
    {
        Id = Id,
        Description = "A random MDP (garnet) of given numbers of states, actions and successors.",
        DefaultSteps = 100,
        DefaultDiscount = 0.95,
        Parameters =
        [
            new(Actions, 4, "actions", new(1, 1000), new(1, 1000), []) { IsStructural = true, IsWhole = true },
            new(Branching, 3, "successors of an action, at most the states", new(1, 1000), new(1, 1000), []) { IsStructural = true, IsWhole = true },
            new(EndProbability, 0, "of every transition", new(0, 1), new(0, 1), []) { IsStructural = true },
            new(Seed, 0, "draws the tables", new(0, 1e15), new(0, 9999), [new(10_000, 99_999)]) { IsWhole = true },
            new(States, 20, "states", new(2, 100_000), new(2, 100_000), []) { IsStructural = true, IsWhole = true },
        ],
        Build = Build,
        Size = static identity => ((int)identity.Parameters[States], (int)identity.Parameters[Actions]),
        HeldOutVariants = [.. Enumerable.Range(1, 5).Select(i => new HeldOutVariant($"mdp-{i}", $"{Id}?{Seed}={10_000 + i}"))],
        References = (-2.6283931220226306, 114.51577668615334),
    };

    static TabularMdp Build(EnvironmentIdentity identity)
    {
        var p = identity.Parameters;
        var (states, actions, branching) = ((int)p[States], (int)p[Actions], (int)p[Branching]);
        if (branching > states)
            throw Throw.TabularParameter(identity, Branching, $"1 to {states}, the number of states");
        if ((long)states * actions * branching > 100_000_000)
            throw Throw.TabularParameter(identity, States, $"at most 100 million transitions in all; {(long)states * actions * branching} are asked for");
        var random = RandomStream.Create((ulong)p[Seed], "garnet");
        var builder = new TabularMdpBuilder(states, actions, identity.ToString());
        var (chosen, cuts) = (new HashSet<int>(), new double[branching + 1]);
        for (var pair = 0; pair < states * actions; pair++)
        {
            var row = random.Derive((ulong)pair);
            var reward = row.NextGaussian();
            for (var i = 1; i < branching; i++)
                cuts[i] = row.NextDouble();
            cuts[branching] = 1;
            Array.Sort(cuts);
            chosen.Clear();
            for (var i = 0; i < branching;)
            {
                var next = row.NextInt(states);
                if (!chosen.Add(next))
                    continue;
                var probability = cuts[i + 1] - cuts[i];
                builder.Add(pair / actions, pair % actions, next, (1 - p[EndProbability]) * probability, reward);
                builder.Add(pair / actions, pair % actions, next, p[EndProbability] * probability, reward, ends: true);
                i++;
            }
        }

        for (var s = 0; s < states; s++)
            builder.SetStart(s, 1.0 / states);
        return builder.Build();
    }
}
