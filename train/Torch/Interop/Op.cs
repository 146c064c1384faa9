using System.Runtime.CompilerServices;
using System.Text;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

/// <summary>
/// One ATen operator, found by name in libtorch's dispatcher at its first call and kept. Arguments and results cross as
/// small tagged structs on the stack; nothing is allocated but the results.
/// </summary>
sealed unsafe class Op(string name, string overload = "")
{
    IntPtr _handle;

    /// <summary>The operator as messages name it: <c>aten::add.Tensor</c>.</summary>
    internal string FullName { get; } = overload.Length == 0 ? "aten::" + name : $"aten::{name}.{overload}";

    /// <summary>The one tensor the operator returns.</summary>
    internal Tensor Call(params ReadOnlySpan<Argument> args)
    {
        NativeResult result;
        Invoke(args, &result, 1);
        return Own(result);
    }

    /// <summary>Both tensors of an operator that returns two.</summary>
    internal (Tensor, Tensor) Call2(params ReadOnlySpan<Argument> args)
    {
        var results = stackalloc NativeResult[2];
        Invoke(args, results, 2);
        return (Own(results[0]), Own(results[1]));
    }

    /// <summary>All tensors of an operator that returns a list.</summary>
    internal Tensor[] CallList(params ReadOnlySpan<Argument> args)
    {
        const int Near = 16;
        var near = stackalloc NativeResult[Near];
        var count = Invoke(args, near, Near);
        var tensors = new Tensor[count];
        for (var k = 0; k < Math.Min(count, Near); k++) tensors[k] = Own(near[k]);
        if (count <= Near) return tensors;
        var far = new NativeResult[count - Near];
        fixed (NativeResult* p = far) NativeMethods.ofl_take(p);
        for (var k = Near; k < count; k++) tensors[k] = Own(far[k - Near]);
        return tensors;
    }

    /// <summary>The number the operator returns.</summary>
    internal Scalar CallScalar(params ReadOnlySpan<Argument> args)
    {
        HostReads.Add();
        NativeResult result;
        Invoke(args, &result, 1);
        return new Scalar(result.Tag, result.Value);
    }

    /// <summary>An operator whose result is one of its arguments, where the caller wants no alias of it.</summary>
    internal void Run(params ReadOnlySpan<Argument> args)
    {
        NativeResult result;
        Invoke(args, &result, 1);
        if (result.Tag == Tag.Tensor && result.Handle != 0) NativeMethods.ofl_tensor_free(result.Handle);
    }

    static Tensor Own(in NativeResult result) => result.Handle == 0 ? null! : new Tensor(result.Handle, result.Bytes);

    [SkipLocalsInit]
    int Invoke(ReadOnlySpan<Argument> args, NativeResult* results, int capacity)
    {
        if (_handle == IntPtr.Zero) Find();
        const int MaxArguments = 16, MaxPayload = 96;
        var natives = stackalloc NativeArgument[MaxArguments];
        var near = stackalloc long[MaxPayload];
        var payload = new Span<long>(near, MaxPayload);
        var needed = PayloadLength(args);
        var count = 0;
        if (needed > MaxPayload)
        {
            fixed (long* far = new long[needed])
            {
                Write(args, natives, new Span<long>(far, needed));
                count = NativeMethods.ofl_call(_handle, natives, args.Length, results, capacity);
            }
        }
        else
        {
            Write(args, natives, payload);
            count = NativeMethods.ofl_call(_handle, natives, args.Length, results, capacity);
        }
        foreach (ref readonly var arg in args) GC.KeepAlive(arg.Reference);
        if (count < 0) TorchThrow.Native(FullName);
        return count;
    }

    /// <summary>Asks the dispatcher, as the first call does.</summary>
    internal void Find()
    {
        var found = NativeMethods.ofl_find_operator("aten::" + name, overload);
        if (found == IntPtr.Zero) TorchThrow.Native(FullName);
        _handle = found;
    }

    // How many 8-byte cells the lists and strings take.
    static int PayloadLength(ReadOnlySpan<Argument> args)
    {
        var cells = 0;
        foreach (ref readonly var arg in args)
        {
            cells += arg.Tag switch
            {
                Tag.IntList => ((long[])arg.Reference!).Length,
                Tag.TensorList or Tag.OptionalTensorList => ((Tensor?[])arg.Reference!).Length,
                Tag.String => (Encoding.UTF8.GetByteCount((string)arg.Reference!) + 7) / 8,
                _ => 0,
            };
        }
        return cells;
    }

    static void Write(ReadOnlySpan<Argument> args, NativeArgument* natives, Span<long> payload)
    {
        for (var k = 0; k < args.Length; k++)
        {
            ref readonly var arg = ref args[k];
            ref var native = ref natives[k];
            native.Tag = arg.Tag;
            native.Count = arg.Index;
            native.Value = arg.Bits;
            switch (arg.Tag)
            {
                case Tag.Tensor:
                    native.Value = Unsafe.As<Tensor>(arg.Reference)!.Handle;
                    break;
                case Tag.Generator:
                    native.Value = Unsafe.As<Generator>(arg.Reference)!.Handle;
                    break;
                case Tag.IntList or Tag.TensorList or Tag.OptionalTensorList or Tag.String:
                    var cells = WriteList(arg, ref native, payload);
                    payload = payload[cells..];
                    break;
            }
        }
    }

    // The payload lies on the stack or is pinned, so its address holds until the call returns.
    static int WriteList(in Argument arg, ref NativeArgument native, Span<long> payload)
    {
        native.Value = payload.IsEmpty ? 0 : (long)Unsafe.AsPointer(ref payload[0]);
        switch (arg.Reference)
        {
            case long[] values:
                values.CopyTo(payload);
                return native.Count = values.Length;
            case Tensor?[] tensors:
                for (var k = 0; k < tensors.Length; k++) payload[k] = tensors[k]?.Handle ?? 0;
                return native.Count = tensors.Length;
            default:
                native.Count = Encoding.UTF8.GetBytes((string)arg.Reference!, System.Runtime.InteropServices.MemoryMarshal.AsBytes(payload));
                return (native.Count + 7) / 8;
        }
    }
}
