using OfflineRL.Train;

namespace OfflineRL.Evaluate;

/// <summary>Features in an ONNX graph: floats, or the numbers of states, of which a layer takes columns instead of multiplying one-hot rows.</summary>
/// <param name="Name">[B, D] floats, or [B] int64.</param>
/// <param name="States">How many states there are; 0: floats.</param>
readonly record struct OnnxFeatures(string Name, int States);

/// <summary>A network as operators of ONNX: convolutions, dense layers, dueling streams, and a head whose distribution becomes its mean.</summary>
/// <param name="graph">Gets the operators.</param>
/// <param name="network">That can be run.</param>
/// <param name="read">Reads a tensor by its name and shape.</param>
/// <param name="prefix">What the graph calls the weights: before their own names.</param>
sealed class OnnxNetwork(OnnxGraph graph, NetworkDescription network, Func<string, long[], float[]> read, string prefix)
{
    /// <summary>[B, Outputs] scores of features.</summary>
    public string Scores(OnnxFeatures features)
    {
        var x = network.Image is { } image ? features with { Name = Convolve(image, features.Name) } : features;
        var (shared, streams) = network.Split();
        if (shared.Length > 1)
            x = new(Dense("shared", shared, x, rectifyLast: true), 0);
        if (network.Distribution == NetworkDescription.Implicit)
            x = new(Embed(shared[^1], x), 0);

        var scores = Dense(network.Dueling ? "advantage" : "layers", [.. streams, network.LayerOutputs], x, free: network.FreeOutputs);
        if (network.Dueling)
            scores = Duel(scores, Dense("value", [.. streams, network.Atoms], x));
        return Reduce(scores);
    }

    string Convolve(ImageDescription image, string rows)
    {
        string x;
        if (image.ChannelsLast)
        {
            // Rows are [frames, H, W, C]; the frames' channels come one after the other.
            var own = image.Channels / image.Frames;
            x = graph.Reshape(rows, -1, image.Frames, image.Height, image.Width, own);
            x = graph.Node("Transpose", [x], OnnxGraph.Ints("perm", 0, 1, 4, 2, 3));
            x = graph.Reshape(x, -1, image.Channels, image.Height, image.Width);
        }
        else
        {
            x = graph.Reshape(rows, -1, image.Channels, image.Height, image.Width);
        }

        var channels = image.Channels;
        for (var i = 0; i < image.Layers.Count; i++)
        {
            var (filters, size, stride) = image.Layers[i];
            x = graph.Node(
                "Conv",
                [x, Weight($"convolutions.{i}.weight", filters, channels, size, size), Weight($"convolutions.{i}.bias", filters)],
                OnnxGraph.Ints("kernel_shape", size, size),
                OnnxGraph.Ints("strides", stride, stride));
            x = graph.Node("Relu", [x]);
            channels = filters;
        }

        return graph.Node("Flatten", [x], OnnxGraph.Int("axis", 1));
    }

    // [B, out] of [B, in], relu between the layers. Free outputs are columns of zeros whose bias they are.
    string Dense(string name, int[] widths, OnnxFeatures features, bool rectifyLast = false, int free = 0)
    {
        var x = features;
        for (var i = 0; i + 1 < widths.Length; i++)
        {
            var last = i + 2 == widths.Length;
            var (inputs, outputs) = (widths[i], widths[i + 1]);
            var (weight, bias) = (read($"{name}.{i}.weight", [outputs, inputs]), read($"{name}.{i}.bias", [outputs]));
            if (last && free > 0)
                (weight, bias, outputs) = ([.. weight, .. new float[free * inputs]], [.. bias, .. read("free", [free])], outputs + free);
            var y = x.States > 0 ? Gather(name, i, x, weight, bias, inputs, outputs) : Multiply(name, i, x, weight, bias, inputs, outputs);
            x = new(last && !rectifyLast ? y : graph.Node("Relu", [y]), 0);
        }

        return x.Name;
    }

    string Multiply(string name, int layer, OnnxFeatures x, float[] weight, float[] bias, int inputs, int outputs) => graph.Node(
        "Gemm",
        [x.Name, graph.Floats($"{prefix}{name}.{layer}.weight", weight, outputs, inputs), graph.Floats($"{prefix}{name}.{layer}.bias", bias)],
        OnnxGraph.Int("transB", 1));

    // A layer over one-hot rows is a table with a row for each state.
    string Gather(string name, int layer, OnnxFeatures x, float[] weight, float[] bias, int inputs, int outputs)
    {
        var table = new float[weight.Length];
        for (var o = 0; o < outputs; o++)
        {
            for (var s = 0; s < inputs; s++)
                table[(s * outputs) + o] = weight[(o * inputs) + s] + bias[o];
        }

        return graph.Node("Gather", [graph.Floats($"{prefix}{name}.{layer}.table", table, inputs, outputs), x.Name], OnnxGraph.Int("axis", 0));
    }

    // [B, H] features times relu(layer(cos(pi i tau))) of each fraction tau: [B * T, H]. The fractions are the same for every row, so that the embedding is a constant.
    string Embed(int width, OnnxFeatures features)
    {
        var x = features.States == 0 ? features.Name : graph.OneHot(features.Name, features.States);
        var (fractions, cosines) = (network.Fractions, network.Cosines);
        var (weight, bias) = (read("embedding.0.weight", [width, cosines]), read("embedding.0.bias", [width]));
        var embedding = new float[fractions * width];
        for (var t = 0; t < fractions; t++)
        {
            var tau = (t + 0.5) / fractions;
            for (var h = 0; h < width; h++)
            {
                double sum = bias[h];
                for (var i = 0; i < cosines; i++)
                    sum += weight[(h * cosines) + i] * Math.Cos(Math.PI * i * tau);
                embedding[(t * width) + h] = (float)Math.Max(0, sum);
            }
        }

        var each = graph.Node("Mul", [graph.Reshape(x, -1, 1, width), graph.Floats($"{prefix}embedding", embedding, 1, fractions, width)]);
        return graph.Reshape(each, -1, width);
    }

    // v + a - mean over actions of a, atom by atom.
    string Duel(string advantages, string value)
    {
        var a = graph.Reshape(advantages, -1, network.Outputs, network.Atoms);
        var mean = graph.Node("ReduceMean", [a], OnnxGraph.Ints("axes", 1), OnnxGraph.Int("keepdims", 1));
        var centered = graph.Node("Sub", [a, mean]);
        return graph.Node("Add", [centered, graph.Reshape(value, -1, 1, network.Atoms)]);
    }

    // Atoms or fractions of each action to their mean.
    string Reduce(string scores)
    {
        switch (network.Distribution)
        {
            case NetworkDescription.Categorical:
                var atoms = graph.Node("Softmax", [graph.Reshape(scores, -1, network.Outputs, network.Atoms)], OnnxGraph.Int("axis", -1));
                var support = Enumerable.Range(0, network.Atoms).Select(i => (float)(network.Low + ((network.High - network.Low) * i / (network.Atoms - 1)))).ToArray();
                return graph.Sum(graph.Node("Mul", [atoms, graph.Floats($"{prefix}support", support)]), -1);
            case NetworkDescription.Implicit:
                return Mean(graph.Reshape(scores, -1, network.Fractions, network.Outputs), 1);
            case NetworkDescription.None:
                return network.Dueling ? graph.Reshape(scores, -1, network.Outputs) : scores;
            default:
                return Mean(graph.Reshape(scores, -1, network.Outputs, network.Atoms), -1);
        }
    }

    string Mean(string tensor, long axis) => graph.Node("ReduceMean", [tensor], OnnxGraph.Ints("axes", axis), OnnxGraph.Int("keepdims", 0));

    string Weight(string name, params long[] shape) => graph.Floats(prefix + name, read(name, shape), shape);
}
