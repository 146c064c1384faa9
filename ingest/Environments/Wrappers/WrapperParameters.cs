using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// The parameters that every environment takes beside its own, each of which puts a wrapper around it. They stand in an
/// identity only where they differ from their default, which wraps nothing.
/// </summary>
/// <remarks>
/// Whatever order an id names them in, they are applied in this one, from the inside out:
/// <list type="number">
/// <item><c>action_repeat</c>: takes each action so many times and sums the rewards, up to the episode's end; or
/// <c>frame_skip</c>, which does the same to byte images and shows the maximum of the last two frames.</item>
/// <item><c>grey</c>: one channel of 0 to 255. From red, green and blue by (4899 R + 9617 G + 1868 B + 8192) / 16384 rounded
/// down (ITU-R BT.601 luma in the integers that OpenCV takes); from n planes of 0 and 1 the level of the last plane that is
/// on, 255 (k + 1) / n for plane k, rounded.</item>
/// <item><c>resize</c>: N x N by exact area averages: output cell (r, c) is the mean of the input over the rectangle
/// [r H/N, (r+1) H/N) x [c W/N, (c+1) W/N), cells that it cuts counting by the part inside; bytes are rounded, halves up.
/// The same rule makes larger and smaller.</item>
/// <item><c>observation_noise</c>: adds to every number a Gaussian draw of that standard deviation, from the instance's own
/// stream; the result has no bounds and is float32, even of bytes.</item>
/// <item><c>observation_delay</c>: shows what was to be seen so many steps ago, the episode's first observation until then.</item>
/// <item><c>frame_stack</c>: the last so many observations, oldest first: channels of images [C k, H, W], vectors end to end
/// [k D]. An episode's first observation stands in for those before it.</item>
/// <item><c>reward_clip</c>: limits a step's reward (the sum over repeats) to [-bound, bound].</item>
/// <item><c>time_limit</c>: cuts episodes after so many steps as the agent counts them; a smaller limit inside stays.</item>
/// </list>
/// An image is a box of three dimensions, channels first unless the last has 1, 3 or 4 and the first more, or of two; it
/// comes out of grey, resize and stacking with channels first. Rows are float32 as everywhere, so a stored byte takes four.
/// A repeat that meets an episode's end, and <c>time_limit</c>, start the next episode with a seed from the wrapper's own
/// stream of that instance: an episode still depends on its instance's seed and actions alone.
/// </remarks>
public static class WrapperParameters
{
    internal const string ActionRepeat = "action_repeat";
    internal const string FrameSkip = "frame_skip";
    internal const string FrameStack = "frame_stack";
    internal const string Grey = "grey";
    internal const string Delay = "observation_delay";
    internal const string Noise = "observation_noise";
    internal const string Resize = "resize";
    internal const string RewardClip = "reward_clip";
    internal const string TimeLimit = "time_limit";

    /// <summary>In ordinal order of their names.</summary>
    public static IReadOnlyList<ParameterDefinition> All { get; } =
    [
        Whole(ActionRepeat, 1, "steps an action is taken for", 1, 1000),
        Whole(FrameSkip, 1, "frames an action is taken for, the last two shown as their maximum", 1, 1000),
        Whole(FrameStack, 1, "observations shown at once", 1, 64),
        Whole(Grey, 0, "0 or 1: one grey channel of 0 to 255", 0, 1),
        new(Delay, 0, "steps that an observation comes late", new(0, 1000), new(0, 0), [new(1, 1000)]) { IsWhole = true },
        new(Noise, 0, "standard deviation added, in units of the observation", new(0, 1e6), new(0, 0), [new(1e-6, 1e6)]),
        Whole(Resize, 0, "side of the square that images are resized to; 0: as they are", 0, 1024),
        new(RewardClip, 0, "a reward's largest size; 0: any", new(0, 1e9), new(0, 1e9), []) { IsStructural = true },
        Whole(TimeLimit, 0, "steps to an episode at most; 0: its own limit", 0, int.MaxValue),
    ];

    /// <summary>Those that wrap an environment: not the ones that it has itself under the same name.</summary>
    internal static IEnumerable<ParameterDefinition> Of(EnvironmentDefinition definition) =>
        All.Where(w => definition.Parameters.All(p => p.Name != w.Name));

    /// <summary>What the definition becomes under the wrappers that an identity asks for; its painter stays the one for observations without them.</summary>
    /// <exception cref="UserErrorException">A wrapper does not fit the observations.</exception>
    internal static EnvironmentDefinition Apply(EnvironmentDefinition inner, EnvironmentIdentity identity)
    {
        var plan = WrapperPlan.Make(inner, inner.ObservationSpace, identity);
        return plan.IsEmpty ? inner : inner with
        {
            ObservationSpace = plan.ObservationSpace,
            MaxEpisodeSteps = plan.MaxEpisodeSteps(inner.MaxEpisodeSteps),
            NewestObservation = plan.NewestObservation,
            // What is known of returns is known of the task as it was.
            ReferenceRandomReturn = plan.ChangesReturns ? null : inner.ReferenceRandomReturn,
            ReferenceExpertReturn = plan.ChangesReturns ? null : inner.ReferenceExpertReturn,
            Success = plan.ChangesReturns && inner.Success is { IsOfTheEndAlone: false } ? null : inner.Success,
            Policies = plan.NewestObservation is { } offset
                ? [.. inner.Policies.Select(p => p with { Create = i => new NewestObservationPolicy(p.Create(i), plan.ObservationSpace, offset) })]
                : [],
        };
    }

    /// <summary>Puts the wrappers that an identity asks for around an environment.</summary>
    internal static IVectorEnvironment Wrap(IVectorEnvironment inner, EnvironmentDefinition definition, EnvironmentIdentity identity)
    {
        var plan = WrapperPlan.Make(definition, inner.ObservationSpace, identity);
        return plan.IsEmpty ? inner : WrappedEnvironment.Create(inner, plan);
    }

    static ParameterDefinition Whole(string name, double neutral, string unit, double low, double high) =>
        new(name, neutral, unit, new(low, high), new(low, high), []) { IsWhole = true, IsStructural = true };
}
