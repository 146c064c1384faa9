using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>An episode of a policy in an environment, played anew each time from the same seed.</summary>
public sealed class RolledOutEpisode : DrawnEpisode
{
    readonly IVectorEnvironment _environment;
    readonly IMaskedEnvironment? _masked;
    readonly IRenderedEnvironment? _rendered;
    readonly IPainter? _painter;
    readonly IPolicy _policy;
    readonly Func<RandomStream> _random;

    /// <param name="environment">One instance; taken over.</param>
    /// <param name="definition">What it was made from.</param>
    /// <param name="policy">That fits; taken over.</param>
    /// <param name="random">A stream as it begins, asked for each time that the episode is played: of the start, and its child "policy" of every draw.</param>
    /// <param name="what">Ends the title, such as <c>seed 3</c>.</param>
    /// <exception cref="UserErrorException">The environment cannot be drawn.</exception>
    public RolledOutEpisode(IVectorEnvironment environment, EnvironmentDefinition definition, IPolicy policy, Func<RandomStream> random, string what)
    {
        (_environment, _policy, _random) = (environment, policy, random);
        _masked = environment as IMaskedEnvironment;
        _rendered = environment is IRenderedEnvironment { FrameSize: { Width: > 0, Height: > 0 } } rendered ? rendered : null;
        _painter = _rendered is null ? EnvironmentPictures.Painter(definition, environment.Identity, environment.ObservationSpace) : null;
        Size = _rendered?.FrameSize ?? _painter?.Size ?? throw CannotDraw(EnvironmentRegistry.ShortId(environment.Identity), environment.ObservationSpace);
        Title = $"{EnvironmentRegistry.ShortId(environment.Identity)}  {policy.Name}  {what}";
    }

    public override string Title { get; }

    public override (int Width, int Height) Size { get; }

    /// <summary>The error of what cannot be drawn.</summary>
    public static UserErrorException CannotDraw(string environment, Space observations) =>
        new($"{environment} cannot be drawn: nothing paints its observations, {observations}, it does not draw itself, and they are neither images of unsigned bytes nor discrete.");

    public override void Play(int limit, Action<EpisodeFrame> visit)
    {
        var random = _random();
        var width = _environment.ObservationSpace.FlatSize;
        var actions = (_environment.ActionSpace as DiscreteSpace)?.Count ?? 0;
        var (observation, final, mask) = (new float[width], new float[width], new bool[_masked is null ? 0 : actions]);
        var (discrete, continuous) = (new int[actions > 0 ? 1 : 0], new float[actions > 0 ? 0 : _environment.ActionSpace.FlatSize]);
        var (rewards, terminated, truncated) = (new double[1], new bool[1], new bool[1]);
        var state = _policy.CreateState(1);
        _environment.Reset([random.NextUInt64()], observation);
        RandomStream[] streams = [random.Derive("policy")];
        var sum = 0.0;
        for (var step = 0; ; step++)
        {
            _masked?.ActionMasks(mask);
            _policy.Act(
                new PolicyInput { Count = 1, Observations = observation, ActionMasks = mask, EpisodeStarts = [step == 0], Random = streams, State = state },
                new PolicyOutput { Discrete = discrete, Continuous = continuous, LogProbabilities = new double[1] });
            var last = step >= limit;
            visit(Frame(step, sum, observation, last || actions == 0 ? -1 : discrete[0], last ? [] : continuous, last));
            if (last)
                return;
            _environment.Step(
                new ActionBatch { Discrete = discrete, Continuous = continuous },
                new StepOutput { Observations = observation, Rewards = rewards, Terminated = terminated, Truncated = truncated, FinalObservations = final });
            sum += rewards[0];
            if (!terminated[0] && !truncated[0])
                continue;
            // An environment that draws itself is in the next episode by now.
            if (_painter is not null)
                visit(Frame(step + 1, sum, final, -1, [], isLast: true));
            return;
        }
    }

    public override void Dispose()
    {
        (_policy as IDisposable)?.Dispose();
        _environment.Dispose();
    }

    EpisodeFrame Frame(int step, double sum, float[] observation, int discrete, float[] continuous, bool isLast) => new(step, ActionText(discrete, continuous), sum, isLast, canvas =>
    {
        if (_rendered is not null)
            _rendered.Render(0, canvas.Rgb);
        else
            _painter!.Paint(canvas, new PaintedStep { Observation = observation, Discrete = discrete, Continuous = continuous });
    });
}
