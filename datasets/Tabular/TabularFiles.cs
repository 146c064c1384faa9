using System.Globalization;

namespace OfflineRL.Datasets;

/// <summary>What was read of an MDP in files.</summary>
/// <param name="Mdp">With the mask that the files hold, if any.</param>
/// <param name="MaskByDefault">Whether the mask is part of the MDP; false: it is advice beside tables in which every action works, such as ICU-Sepsis' admissible actions.</param>
public sealed record TabularFile(TabularMdp Mdp, bool MaskByDefault)
{
    /// <summary>Policies that lie beside the tables, [S * A] each: arrays NAME_policy [S, A] of a <c>.npz</c>, ICU-Sepsis' expertPolicy.csv.</summary>
    public IReadOnlyDictionary<string, double[]> Policies { get; init; } = new Dictionary<string, double[]>();

    /// <summary>The MDP as its makers mean it: with the mask where it is part of it.</summary>
    public TabularMdp Default => MaskByDefault ? Mdp : Mdp.WithoutMask();
}

/// <summary>
/// MDPs in files. Three layouts are read; the first two are written as well.
/// </summary>
/// <remarks>
/// 1. <c>.npz</c>, sparse: <c>state, action, next_state, probability, reward</c> [N], one entry a transition, <c>start</c> [S];
/// optional <c>terminal</c> [N], <c>mask</c> [S, A], <c>actions</c> (A), <c>discount</c>, <c>state_names</c> [S], <c>action_names</c> [A].
/// Also dense, with the names of ICU-Sepsis: <c>tx_mat</c> [S, A, S], <c>r_mat</c> [S, A] or [S, A, S], <c>d_0</c> [S].
/// 2. A folder with <c>transitions.csv</c> (columns state, action, next_state, probability, reward and optionally terminal, in any order) and
/// <c>start.csv</c> (state, probability); optional <c>mask.csv</c> (state, action, allowed), <c>states.csv</c> and <c>actions.csv</c> (state or action, name),
/// <c>mdp.csv</c> (name, value: states, actions, discount). The path may name transitions.csv itself.
/// 3. A folder of ICU-Sepsis' own CSV tables (transitionFunction.csv, rewardFunction.csv, initialStateDistribution.csv, without headers).
/// Beside layouts 1 (dense) and 3, <c>admissible_actions.txt</c> becomes a mask that is off by default.
/// Where no ends are given (no terminal column or array), an episode ends on entering states that nothing leaves and nothing is earned in.
/// States and actions are numbered from 0.
/// </remarks>
public static class TabularFiles
{
    /// <summary>The most states that are read.</summary>
    public const int MostStates = 1 << 24;

    /// <summary>Reads an MDP.</summary>
    /// <param name="path">A <c>.npz</c> file, a folder, or its transitions.csv.</param>
    /// <param name="discount">Over the files' own; null: theirs, or 1.</param>
    /// <exception cref="UserErrorException">A file is missing, unreadable, of no known layout, or holds no MDP; the message says where.</exception>
    public static TabularFile Read(string path, double? discount = null)
    {
        if (Directory.Exists(path))
        {
            if (File.Exists(Path.Combine(path, TabularCsv.Transitions)))
                return new TabularFile(TabularCsv.Read(path, discount), MaskByDefault: true);
            if (File.Exists(Path.Combine(path, IcuSepsisCsv.Transitions)))
                return IcuSepsisCsv.Read(path, discount);
            throw Throw.MdpFolder(path);
        }

        if (!File.Exists(path))
            throw Throw.NpyMissing(path);
        if (!path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase))
            return TabularNpz.Read(path, discount);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Path.GetFileName(path) switch
        {
            TabularCsv.Transitions or IcuSepsisCsv.Transitions => Read(folder, discount),
            _ => throw Throw.MdpFolder(path),
        };
    }

    /// <summary>Writes the sparse <c>.npz</c> layout; reading it gives the same MDP.</summary>
    /// <exception cref="UserErrorException">The file exists or cannot be written.</exception>
    public static void WriteNpz(TabularMdp mdp, string path) => TabularNpz.Write(mdp, path);

    /// <summary>Writes the CSV layout into a new folder; reading it gives the same MDP.</summary>
    /// <exception cref="UserErrorException">The folder exists or cannot be written.</exception>
    public static void WriteCsv(TabularMdp mdp, string folder) => TabularCsv.Write(mdp, folder);

    /// <summary>Refuses sizes beyond what is read, before anything of that size is made.</summary>
    /// <param name="source">For messages.</param>
    /// <param name="states">S.</param>
    /// <param name="actions">A.</param>
    /// <param name="transitions">Entries in the file.</param>
    internal static (int States, int Actions) CheckSizes(string source, long states, long actions, long transitions)
    {
        // Every allowed pair has a transition; terminal and forbidden ones have none, but a table of them alone is a hoax.
        const long FreePairs = 1 << 22;
        if (states is < 1 or > MostStates || actions is < 1 or > MostStates || states * actions > FreePairs + (64 * transitions))
            throw Throw.MdpTooLarge(source, states, actions, transitions);
        return ((int)states, (int)actions);
    }

    /// <summary>ICU-Sepsis' list: a line with the number of admissible actions of each state, then a line of actions for each state.</summary>
    internal static bool TryReadAdmissible(string path, TabularMdpBuilder builder)
    {
        if (!File.Exists(path))
            return false;
        var mask = new bool[builder.StateCount * builder.ActionCount];
        var state = -1;
        foreach (var line in File.ReadLines(path))
        {
            if (state >= builder.StateCount)
            {
                if (line.AsSpan().Trim().IsEmpty)
                    continue;
                throw Throw.MdpAdmissible(path, state + 2, $"'{line.Trim()}' follows the {builder.StateCount} states");
            }

            // The first line only counts.
            foreach (var word in state < 0 ? [] : line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                if (!int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var action) || action >= builder.ActionCount)
                    throw Throw.MdpAdmissible(path, state + 2, $"'{word}' was found; expected actions from 0 to {builder.ActionCount - 1}");
                mask[(state * builder.ActionCount) + action] = true;
            }

            state++;
        }

        if (state < builder.StateCount)
            throw Throw.MdpAdmissible(path, state + 2, $"the file ends after {Math.Max(0, state)} states; expected {builder.StateCount}");
        builder.SetMask(mask);
        return true;
    }
}
