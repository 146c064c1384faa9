namespace OfflineRL.Datasets;

/// <summary>The <c>.npz</c> layouts of <see cref="TabularFiles"/>.</summary>
static class TabularNpz
{
    const string Discount = "discount", Terminal = "terminal", Mask = "mask", Actions = "actions", StateNames = "state_names", ActionNames = "action_names";
    const string DenseTransitions = "tx_mat", DenseRewards = "r_mat", DenseStart = "d_0";

    static readonly string[] Sparse = ["state", "action", "next_state", "probability", "reward"];

    public static TabularFile Read(string path, double? discount)
    {
        using var npz = NpzFile.Open(path);
        if (npz.Contains(DenseTransitions))
            return WithPolicies(ReadDense(npz, path, discount), npz);
        if (npz.Contains(Sparse[0]))
            return WithPolicies(new TabularFile(ReadSparse(npz, path, discount), MaskByDefault: true), npz);
        throw Throw.MdpNpzKeys(path, npz.Entries.Select(e => e.Name));
    }

    public static void Write(TabularMdp mdp, string path)
    {
        var (states, actions) = (new int[mdp.TransitionCount], new int[mdp.TransitionCount]);
        for (var pair = 0; pair < mdp.Offsets.Length - 1; pair++)
        {
            var row = mdp.Offsets[pair]..mdp.Offsets[pair + 1];
            states.AsSpan(row).Fill(pair / mdp.ActionCount);
            actions.AsSpan(row).Fill(pair % mdp.ActionCount);
        }

        using var npz = NpzWriter.Create(path);
        npz.Add<int>(Sparse[0], states);
        npz.Add<int>(Sparse[1], actions);
        npz.Add(Sparse[2], mdp.NextStates);
        npz.Add(Sparse[3], mdp.Probabilities);
        npz.Add(Sparse[4], mdp.Rewards);
        npz.Add(Terminal, mdp.Ends);
        npz.Add("start", mdp.Start);
        npz.Add(Actions, (long)mdp.ActionCount);
        npz.Add(Discount, mdp.Discount);
        if (mdp.HasMask)
            npz.Add(Mask, mdp.Mask, [mdp.StateCount, mdp.ActionCount]);
        if (mdp.StateNames is not null)
            npz.Add(StateNames, mdp.StateNames);
        if (mdp.ActionNames is not null)
            npz.Add(ActionNames, mdp.ActionNames);
        npz.Commit();
    }

    static TabularMdp ReadSparse(NpzFile npz, string path, double? discount)
    {
        var count = npz[Sparse[0]].Count;
        foreach (var name in Sparse.Skip(1).Concat(npz.Contains(Terminal) ? [Terminal] : []))
            RequireShape(npz, path, name, [count]);
        var state = npz.ReadInt32s(Sparse[0]);
        var action = npz.ReadInt32s(Sparse[1]);
        var start = npz.ReadDoubles("start");
        var actions = npz.Contains(Actions) ? One(npz.ReadInt64s(Actions), path, Actions)
            : npz.Contains(Mask) && npz[Mask].Shape.Count == 2 ? npz[Mask].Shape[1]
            : action.Length == 0 ? 0 : action.Max() + 1L;
        var builder = Builder(path, TabularFiles.CheckSizes($"'{path}'", start.Length, actions, count), npz, discount);
        var (next, probability, reward) = (npz.ReadInt32s(Sparse[2]), npz.ReadDoubles(Sparse[3]), npz.ReadDoubles(Sparse[4]));
        var terminal = npz.Contains(Terminal) ? npz.ReadBooleans(Terminal) : null;
        builder.EndsWhereNothingFollows = terminal is null;
        for (var i = 0; i < state.Length; i++)
        {
            var at = i;
            builder.Add(state[i], action[i], next[i], probability[i], reward[i], terminal?[i] ?? false, () => $"'{path}', entry {at}");
        }

        Start(builder, start);
        return builder.Build();
    }

    // A state at a time: the whole of ICU-Sepsis would take 200 MB.
    static TabularFile ReadDense(NpzFile npz, string path, double? discount)
    {
        var shape = npz[DenseTransitions].Shape;
        if (shape.Count != 3 || shape[0] != shape[2])
            throw Throw.MdpShape(path, DenseTransitions, shape, "(S, A, S)");
        var rewardShape = npz[DenseRewards].Shape;
        if (!rewardShape.SequenceEqual(shape) && !rewardShape.SequenceEqual(shape.Take(2)))
            throw Throw.MdpShape(path, DenseRewards, rewardShape, $"({string.Join(", ", shape)}) or ({shape[0]}, {shape[1]})");
        RequireShape(npz, path, DenseStart, [shape[0]]);
        var builder = Builder(path, TabularFiles.CheckSizes($"'{path}'", shape[0], shape[1], npz[DenseTransitions].Count), npz, discount);
        builder.EndsWhereNothingFollows = true;
        var (states, actions) = (builder.StateCount, builder.ActionCount);
        using var transitions = npz.ReadRows(DenseTransitions);
        using var rewards = npz.ReadRows(DenseRewards);
        var (p, r) = (new double[actions * states], new double[rewards.Width]);
        for (var s = 0; s < states; s++)
        {
            transitions.Read(p.AsSpan());
            rewards.Read(r.AsSpan());
            for (var i = 0; i < p.Length; i++)
            {
                if (p[i] != 0)
                    builder.Add(s, i / states, i % states, p[i], r.Length == p.Length ? r[i] : r[i / states]);
            }
        }

        Start(builder, npz.ReadDoubles(DenseStart));
        var own = npz.Contains(Mask);
        if (!own)
            TabularFiles.TryReadAdmissible(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "admissible_actions.txt"), builder);
        return new TabularFile(builder.Build(), own);
    }

    static TabularMdpBuilder Builder(string path, (int States, int Actions) sizes, NpzFile npz, double? discount)
    {
        var builder = new TabularMdpBuilder(sizes.States, sizes.Actions, $"'{path}'")
        {
            Discount = discount ?? (npz.Contains(Discount) ? One(npz.ReadDoubles(Discount), path, Discount) : 1),
            StateNames = npz.Contains(StateNames) ? npz.ReadStrings(StateNames) : null,
            ActionNames = npz.Contains(ActionNames) ? npz.ReadStrings(ActionNames) : null,
        };
        if (npz.Contains(Mask))
        {
            RequireShape(npz, path, Mask, [sizes.States, sizes.Actions]);
            builder.SetMask(npz.ReadBooleans(Mask));
        }

        return builder;
    }

    static void Start(TabularMdpBuilder builder, double[] start)
    {
        for (var s = 0; s < start.Length; s++)
            builder.SetStart(s, start[s]);
    }

    static TabularFile WithPolicies(TabularFile file, NpzFile npz)
    {
        const string Ending = "_policy";
        var policies = new Dictionary<string, double[]>(StringComparer.Ordinal);
        foreach (var entry in npz.Entries)
        {
            if (entry.Name.Length > Ending.Length && entry.Name.EndsWith(Ending, StringComparison.Ordinal) && entry.Shape.SequenceEqual([file.Mdp.StateCount, file.Mdp.ActionCount]))
                policies.Add(entry.Name[..^Ending.Length], npz.ReadDoubles(entry.Name));
        }

        return file with { Policies = policies };
    }

    static T One<T>(T[] values, string path, string name) =>
        values.Length == 1 ? values[0] : throw Throw.MdpLength($"'{path}'", $"array '{name}'", values.Length, 1);

    static void RequireShape(NpzFile npz, string path, string name, IReadOnlyList<long> shape)
    {
        if (!npz[name].Shape.SequenceEqual(shape))
            throw Throw.MdpShape(path, name, npz[name].Shape, $"({string.Join(", ", shape)})");
    }
}
