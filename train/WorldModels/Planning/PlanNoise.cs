using OfflineRL.Datasets;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels.Planning;

/// <summary>The draws of a search, lane by lane from a generator that the lane's own stream seeds: what a lane draws does not depend on which lanes are beside it.</summary>
public sealed class PlanNoise(Device device) : IDisposable
{
    readonly List<Generator> _generators = [];
    int _lanes;

    /// <summary>Begins a search: takes 64 bits of each lane's stream.</summary>
    public void Seed(ReadOnlySpan<RandomStream> streams)
    {
        _lanes = streams.Length;
        while (_generators.Count < _lanes)
            _generators.Add(new Generator(0, device));
        for (var i = 0; i < _lanes; i++)
            _generators[i].manual_seed((long)(streams[i].NextUInt64() >> 1));
    }

    /// <summary>[L, shape] uniform in [0, 1).</summary>
    public Tensor Uniform(params long[] shape) => Draw(generator => rand(shape, device: device, generator: generator));

    /// <summary>[L, shape] standard normal.</summary>
    public Tensor Normal(params long[] shape) => Draw(generator => randn(shape, device: device, generator: generator));

    /// <summary>[L, shape] standard Gumbel: the argmax of logits and these is a draw from their softmax.</summary>
    public Tensor Gumbel(params long[] shape) => Uniform(shape).clamp_min(1e-12).log().neg().log().neg();

    public void Dispose()
    {
        foreach (var generator in _generators)
            generator.Dispose();
    }

    Tensor Draw(Func<Generator, Tensor> draw) => stack(_generators.Take(_lanes).Select(draw));
}
