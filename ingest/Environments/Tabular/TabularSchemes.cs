using System.Buffers;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>How MDPs in files are named.</summary>
static class TabularSchemes
{
    const string Name = "tables";
    const string ActionMask = "action_mask", Slip = "slip";

    // Twelve hexadecimal digits tell any tables apart that a user will ever have.
    const int HashLength = 12;
    const int StepLimit = 500;

    static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static IReadOnlyList<EnvironmentScheme> All { get; } =
    [
        new(Name, "tables:PATH", "An MDP from tables of your own: a .npz file, or a folder with transitions.csv and start.csv (datasets/README.md has the layouts).", id => Task(id).Define()),
    ];

    /// <summary>Reads the tables that an id names.</summary>
    /// <param name="id"><c>tables:PATH</c>, with <c>#</c> and the beginning of the tables' hash or without.</param>
    /// <exception cref="UserErrorException">No such file, no MDP in it, or others than the hash says.</exception>
    public static TabularTask Task(string id)
    {
        var (path, hash) = Split(id);
        var file = TabularFiles.Read(path);
        var found = file.Mdp.ContentHash[..HashLength];
        if (hash is not null && hash != found)
            throw Throw.TablesChanged(id, path, found);
        var mdp = file.Mdp;
        if (mdp.StateCount > TabularEnvironment.MostStates)
            throw Throw.TabularTooManyStates(new EnvironmentIdentity(id, new Dictionary<string, double>()), mdp.StateCount);
        var ownId = $"{Name}:{path}#{found}";
        return new TabularTask
        {
            Id = ownId,
            Description = $"An MDP of {mdp.StateCount} states and {mdp.ActionCount} actions from tables.",
            DefaultDiscount = mdp.Discount,
            DefaultSteps = StepLimit,
            Parameters =
            [
                .. mdp.HasMask
                    ? new ParameterDefinition[] { new(ActionMask, file.MaskByDefault ? 1 : 0, "1: the tables' mask holds", new(0, 1), new(0, 1), []) { IsStructural = true, IsWhole = true } }
                    : [],
                new(Slip, 0, "probability of a random action instead", new(0, 1), new(0, 0.05), [new(0.1, 1)]),
            ],
            Build = identity => ActionNoise.Add(Masked(identity), identity.Parameters[Slip]),
            Size = _ => (mdp.StateCount, mdp.ActionCount),
            HeldOutVariants = [new("slip-10", $"{ownId}?{Slip}=0.1"), new("slip-30", $"{ownId}?{Slip}=0.3")],
            Policies =
            [
                .. file.Policies.Select(p => new BuiltInPolicy(p.Key, "From the tables.", identity => new TabularPolicy(p.Key, Masked(identity), p.Value))),
            ],
            Measure = true,
            Success = SuccessOf(mdp),
        };

        TabularMdp Masked(EnvironmentIdentity identity) => mdp.HasMask && identity.Parameters[ActionMask] == 0 ? mdp.WithoutMask() : mdp;
    }

    // Tables that pay nothing on the way, and at the end sometimes something and sometimes not, tell survival from death so.
    static SuccessCriterion? SuccessOf(TabularMdp mdp)
    {
        var (pays, paysNot) = (false, false);
        for (var i = 0; i < mdp.TransitionCount; i++)
        {
            if (!mdp.Ends[i] && mdp.Rewards[i] != 0)
                return null;
            pays |= mdp.Ends[i] && mdp.Rewards[i] > 0;
            paysNot |= mdp.Ends[i] && mdp.Rewards[i] <= 0;
        }

        return pays && paysNot ? new("the episode ends with a positive reward, such as survival") { Terminates = true, ReturnAbove = 0 } : null;
    }

    static (string Path, string? Hash) Split(string id)
    {
        var rest = id[(Name.Length + 1)..];
        var mark = rest.Length - HashLength - 1;
        var (path, hash) = mark >= 0 && rest[mark] == '#' && rest.AsSpan(mark + 1).IndexOfAnyExcept(HexDigits) < 0
            ? (rest[..mark], rest[(mark + 1)..])
            : (rest, null);
        return path.Length > 0 ? (path, hash) : throw Throw.TablesPath(id);
    }
}
