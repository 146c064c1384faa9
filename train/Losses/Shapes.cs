using System.Runtime.CompilerServices;
using System.Text;
using static TorchSharp.torch;

namespace OfflineRL.Train.Losses;

/// <summary>
/// Checks at the door of a loss: each argument's shape against a pattern, with the same letter meaning the same length
/// in every argument. Silent broadcasting of [B] against [B, 1] thereby becomes an error that names the argument.
/// </summary>
/// <example><code>
/// var shapes = new Shapes();
/// shapes.Require(qTm1, "* A");                        // any leading axes, then A
/// shapes.Require(aTm1, "*", ScalarType.Int64);        // the same leading axes
/// </code></example>
public ref struct Shapes
{
    const int Unknown = -1;

    // The leading axes that '*' stands for, and the length of each letter; filled by the first argument that has them.
    Axes _leading;
    int _leadingCount = Unknown;
    Letters _letters;

    public Shapes()
    {
        for (var i = 0; i < Letters.Count; i++)
            _letters[i] = Unknown;
    }

    /// <summary>Demands a shape, and an element type where one is given.</summary>
    /// <param name="tensor">The argument.</param>
    /// <param name="pattern">Axes by upper-case letters separated by spaces, <c>*</c> in front for any leading axes; "" is a scalar.</param>
    /// <param name="type">The element type; null for any.</param>
    /// <param name="argument">Filled by the compiler.</param>
    /// <exception cref="ArgumentException">Names the argument, the pattern with what its letters stand for, and the actual shape.</exception>
    public void Require(Tensor tensor, string pattern, ScalarType? type = null, [CallerArgumentExpression(nameof(tensor))] string argument = "")
    {
        if (!Fits(tensor, pattern))
            Throw.Shape(argument, $"[{Describe(pattern)}]", $"[{string.Join(", ", tensor.shape)}]");
        if (type is { } wanted && tensor.dtype != wanted)
            Throw.Shape(argument, $"{wanted}", $"{tensor.dtype}");
    }

    bool Fits(Tensor tensor, string pattern)
    {
        var dimensions = (int)tensor.dim();
        var letters = 0;
        foreach (var c in pattern)
            letters += char.IsAsciiLetterUpper(c) ? 1 : 0;
        var leading = pattern.StartsWith('*') ? dimensions - letters : 0;
        if (leading < 0 || leading > Axes.Count || leading + letters != dimensions)
            return false;
        if (pattern.StartsWith('*') && !FitsLeading(tensor, leading))
            return false;

        var axis = leading;
        foreach (var c in pattern)
        {
            if (!char.IsAsciiLetterUpper(c))
                continue;
            var length = tensor.size(axis++);
            ref var known = ref _letters[c - 'A'];
            if (known == Unknown)
                known = length;
            else if (known != length)
                return false;
        }

        return true;
    }

    bool FitsLeading(Tensor tensor, int leading)
    {
        if (_leadingCount == Unknown)
        {
            _leadingCount = leading;
            for (var i = 0; i < leading; i++)
                _leading[i] = tensor.size(i);
            return true;
        }

        if (_leadingCount != leading)
            return false;
        for (var i = 0; i < leading; i++)
        {
            if (_leading[i] != tensor.size(i))
                return false;
        }

        return true;
    }

    string Describe(string pattern)
    {
        var text = new StringBuilder();
        foreach (var c in pattern)
        {
            if (c == ' ')
                continue;
            if (text.Length > 0)
                text.Append(", ");
            if (c == '*')
                text.Append(_leadingCount == Unknown ? "..." : string.Join(", ", LeadingLengths()));
            else
                text.Append(_letters[c - 'A'] == Unknown ? $"{c}" : $"{c}={_letters[c - 'A']}");
        }

        return text.ToString();
    }

    readonly long[] LeadingLengths()
    {
        var lengths = new long[_leadingCount];
        for (var i = 0; i < lengths.Length; i++)
            lengths[i] = _leading[i];
        return lengths;
    }

    [InlineArray(Count)]
    struct Axes
    {
        public const int Count = 6;
        long _first;
    }

    [InlineArray(Count)]
    struct Letters
    {
        public const int Count = 26;
        long _first;
    }
}
