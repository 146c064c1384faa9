using OfflineRL.Datasets;
using OfflineRL.Torch;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels;

/// <summary>Evolves a controller in dreams by CMA-ES, one generation at a time. Its answer is the mean of what the search draws from.</summary>
sealed class ControllerSearch : IDisposable
{
    // Beyond it the covariance, its root and what computes it take seconds a generation.
    const int MostNumbers = 2_000;

    public static readonly IReadOnlyList<string> MetricNames = ["dream_return", "dream_best", "dream_steps", "dream_disagreement", "step_size"];

    readonly CmaEs _search;
    readonly RandomStream _random;
    readonly CapturedFunction _dreams;
    readonly (Tensor Middle, Tensor Half)? _range;
    // On the host, all of the search: what a generation begins from.
    readonly Tensor _state;

    /// <param name="shape">Of the controllers.</param>
    /// <param name="stepSize">sigma of the first generation; the mean is 0.</param>
    /// <param name="population">P; 0: as <see cref="CmaEs.DefaultPopulation"/>.</param>
    /// <param name="init">For the controller's first parameters, those that are not searched.</param>
    /// <param name="random">For the candidates.</param>
    /// <param name="device">Where the controller lies.</param>
    /// <param name="graphs">What captures dreams, disposed of with it; null: nothing.</param>
    /// <exception cref="UserErrorException">There are too many numbers to search.</exception>
    public ControllerSearch(ControllerShape shape, double stepSize, int population, RandomStream init, RandomStream random, Device device, IGraphEngine? graphs = null)
    {
        (Shape, _random) = (shape, random);
        if (shape.Count > MostNumbers)
            Throw.User($"a controller of {shape.Inputs} inputs and {shape.Outputs} outputs has {shape.Count} numbers; CMA-ES searches at most {MostNumbers}, since it keeps how each varies with each other. Lower world_models.memory.units, world_model.latent or the widths of world_models.hidden.");
        _search = new CmaEs(new double[shape.Count], stepSize, population);
        _state = zeros(CmaEs.StateSize(shape.Count), dtype: ScalarType.Float64).DetachFromDisposeScope();
        Controller = new Network(shape.Network, init, device);
        _dreams = new CapturedFunction("Dreams of controllers", graphs, []);
        _range = shape.Range(device) is { } range ? (range.Middle.DetachFromDisposeScope(), range.Half.DetachFromDisposeScope()) : null;
        Keep();
    }

    public ControllerShape Shape { get; }

    /// <summary>The mean, as a policy's network.</summary>
    public Network Controller { get; }

    /// <summary>P.</summary>
    public int Population => _search.Population;

    /// <summary>Every tensor that decides what the next generations do.</summary>
    public IEnumerable<NamedTensor> State(string prefix) => [.. Controller.NamedTensors(prefix), new(prefix + "search", _state)];

    /// <summary>One generation. It waits for the device once, for the returns.</summary>
    /// <param name="dream">How far.</param>
    /// <param name="model">Its parameters are constants; the same object as long as it is the same model.</param>
    /// <param name="starts">[S, Z].</param>
    /// <param name="cut">As <see cref="ControllerDream.Returns"/> says.</param>
    /// <param name="generator">For the dreams.</param>
    /// <param name="generation">Generations before it, by which candidates are drawn.</param>
    /// <returns>In the order of <see cref="MetricNames"/>, of the caller's scope.</returns>
    public Tensor[] Advance(ControllerDream dream, IWorldModel model, Tensor starts, Tensor cut, Generator generator, long generation)
    {
        using var scope = NewDisposeScope();
        // A checkpoint may have been read since.
        _search.SetState(_state.data<double>().ToArray());
        var candidates = _search.Ask(_random.Derive((ulong)generation));
        var controllers = tensor([.. candidates.SelectMany(row => row.Select(x => (float)x))]).reshape(Population, Shape.Count).to(starts.device);
        var dreamed = _dreams.Run((dream, model), [controllers, starts, cut], generator, inputs =>
        {
            var found = dream.Returns(model, Shape, inputs[0], inputs[1], inputs[2], generator, _range);
            return [found.Returns, found.Steps, found.Disagreement];
        });
        var (returns, steps, disagreement) = (dreamed[0], dreamed[1], dreamed[2]);
        _search.Tell(returns.to(ScalarType.Float64).neg().cpu().data<double>().ToArray());
        Keep();
        Tensor[] metrics = [returns.mean(), returns.amax(0), steps, disagreement, full_like(steps, (float)_search.Sigma)];
        return [.. metrics.Select(metric => metric.MoveToOuterDisposeScope())];
    }

    /// <inheritdoc cref="CapturedFunction.TakeNotice"/>
    public string? TakeNotice() => _dreams.TakeNotice();

    public void Dispose()
    {
        _dreams.Dispose();
        _range?.Middle.Dispose();
        _range?.Half.Dispose();
        _state.Dispose();
        Controller.Dispose();
    }

    // The state, and the mean as the controller's parameters.
    void Keep()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        _state.copy_(tensor(_search.GetState()));
        var mean = tensor([.. _search.Mean.ToArray().Select(x => (float)x)]);
        var at = 0L;
        foreach (var (_, layer) in Controller.NamedTensors().Where(entry => entry.Name.StartsWith("layers.", StringComparison.Ordinal)))
        {
            layer.copy_(mean.narrow(0, at, layer.numel()).view(layer.shape));
            at += layer.numel();
        }
    }
}
