using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    internal static partial class Ops
    {
        internal static readonly Op Add = new("add", "Tensor"), AddScalar = new("add", "Scalar"),
            AddIn = new("add_", "Tensor"), AddScalarIn = new("add_", "Scalar"),
            Sub = new("sub", "Tensor"), SubScalar = new("sub", "Scalar"),
            SubIn = new("sub_", "Tensor"), SubScalarIn = new("sub_", "Scalar"),
            Mul = new("mul", "Tensor"), MulScalar = new("mul", "Scalar"),
            MulIn = new("mul_", "Tensor"), MulScalarIn = new("mul_", "Scalar"),
            Div = new("div", "Tensor_mode"), DivScalar = new("div", "Scalar_mode"),
            DivIn = new("div_", "Tensor_mode"), DivScalarIn = new("div_", "Scalar_mode"),
            Remainder = new("remainder", "Tensor"), RemainderScalar = new("remainder", "Scalar"),
            Pow = new("pow", "Tensor_Tensor"), PowScalar = new("pow", "Tensor_Scalar"), PowScalarIn = new("pow_", "Scalar"),
            AddCMul = new("addcmul"), AddCMulIn = new("addcmul_"), AddCDiv = new("addcdiv"), AddCDivIn = new("addcdiv_"),
            Lerp = new("lerp", "Tensor"), LerpIn = new("lerp_", "Tensor"),
            Neg = new("neg"), Reciprocal = new("reciprocal"), Abs = new("abs"), Sign = new("sign"),
            Exp = new("exp"), Expm1 = new("expm1"), Log = new("log"), Log1p = new("log1p"), Sqrt = new("sqrt"), SqrtIn = new("sqrt_"),
            Rsqrt = new("rsqrt"), Square = new("square"), Sin = new("sin"), Cos = new("cos"), Tanh = new("tanh"), Atanh = new("atanh"),
            Erf = new("erf"), ErfInv = new("erfinv"), Floor = new("floor"), Ceil = new("ceil"), Round = new("round"),
            Sigmoid = new("sigmoid"), Logit = new("logit"), LogSigmoid = new("log_sigmoid"),
            Relu = new("relu"), ReluIn = new("relu_"), TanhIn = new("tanh_"), SigmoidIn = new("sigmoid_"),
            Silu = new("silu"), SiluIn = new("silu_"), Gelu = new("gelu"), Elu = new("elu"), EluIn = new("elu_"),
            LeakyRelu = new("leaky_relu"), LeakyReluIn = new("leaky_relu_"), Softplus = new("softplus"),
            Clamp = new("clamp"), ClampTensor = new("clamp", "Tensor"), ClampIn = new("clamp_"), ClampMin = new("clamp_min"), ClampMax = new("clamp_max"),
            Maximum = new("maximum"), Minimum = new("minimum"), LogAddExp = new("logaddexp"),
            Eq = new("eq", "Tensor"), EqScalar = new("eq", "Scalar"), Ne = new("ne", "Tensor"), NeScalar = new("ne", "Scalar"),
            Lt = new("lt", "Tensor"), LtScalar = new("lt", "Scalar"), Le = new("le", "Tensor"), LeScalar = new("le", "Scalar"),
            Gt = new("gt", "Tensor"), GtScalar = new("gt", "Scalar"), Ge = new("ge", "Tensor"), GeScalar = new("ge", "Scalar"),
            LogicalAnd = new("logical_and"), LogicalOr = new("logical_or"), LogicalNot = new("logical_not"),
            BitwiseAnd = new("bitwise_and", "Tensor"), BitwiseOr = new("bitwise_or", "Tensor"), BitwiseXor = new("bitwise_xor", "Tensor"), BitwiseNot = new("bitwise_not"),
            IsNan = new("isnan"), IsFinite = new("isfinite"), NanToNum = new("nan_to_num"),
            Where = new("where", "self"), AllClose = new("allclose"), IsClose = new("isclose"), Equal = new("equal"),
            Fill = new("fill_", "Scalar"), Zero = new("zero_");
    }

    public partial class Tensor
    {
        public Tensor add(Tensor target) => Ops.Add.Call(this, target);

        public Tensor add(Tensor target, Scalar alpha) => Ops.Add.Call(this, target, alpha);

        public Tensor add(Scalar scalar) => Ops.AddScalar.Call(this, scalar);

        public Tensor add_(Tensor target) => Ops.AddIn.Call(this, target);

        public Tensor add_(Tensor target, Scalar alpha) => Ops.AddIn.Call(this, target, alpha);

        public Tensor add_(Scalar scalar) => Ops.AddScalarIn.Call(this, scalar);

        public Tensor sub(Tensor target) => Ops.Sub.Call(this, target);

        public Tensor sub(Scalar target) => Ops.SubScalar.Call(this, target);

        public Tensor sub_(Tensor target) => Ops.SubIn.Call(this, target);

        public Tensor sub_(Scalar target) => Ops.SubScalarIn.Call(this, target);

        public Tensor mul(Tensor target) => Ops.Mul.Call(this, target);

        public Tensor mul(Scalar target) => Ops.MulScalar.Call(this, target);

        public Tensor mul_(Tensor target) => Ops.MulIn.Call(this, target);

        public Tensor mul_(Scalar target) => Ops.MulScalarIn.Call(this, target);

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => Ops.Div.Call(this, target, Mode(rounding_mode));

        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => Ops.DivScalar.Call(this, target, Mode(rounding_mode));

        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) => Ops.DivIn.Call(this, target, Mode(rounding_mode));

        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) => Ops.DivScalarIn.Call(this, target, Mode(rounding_mode));

        static string? Mode(RoundingMode mode) => mode == RoundingMode.None ? null : mode == RoundingMode.trunc ? "trunc" : "floor";

        public Tensor remainder(Tensor target) => Ops.Remainder.Call(this, target);

        public Tensor remainder(Scalar scalar) => Ops.RemainderScalar.Call(this, scalar);

        public Tensor pow(Tensor exponent) => Ops.Pow.Call(this, exponent);

        public Tensor pow(Scalar exponent) => Ops.PowScalar.Call(this, exponent);

        public Tensor pow_(Scalar exponent) => Ops.PowScalarIn.Call(this, exponent);

        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => Ops.AddCMul.Call(this, tensor1, tensor2, value);

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Ops.AddCMulIn.Call(this, tensor1, tensor2, value);

        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) => Ops.AddCDiv.Call(this, tensor1, tensor2, value);

        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Ops.AddCDivIn.Call(this, tensor1, tensor2, value);

        /// <summary>this + weight (end - this); the weight is a tensor, as in TorchSharp.</summary>
        public Tensor lerp(Tensor end, Tensor weight) => Ops.Lerp.Call(this, end, weight);

        public Tensor lerp_(Tensor end, Tensor weight) => Ops.LerpIn.Call(this, end, weight);

        public Tensor neg() => Ops.Neg.Call(this);

        public Tensor reciprocal() => Ops.Reciprocal.Call(this);

        public Tensor abs() => Ops.Abs.Call(this);

        public Tensor sign() => Ops.Sign.Call(this);

        public Tensor exp() => Ops.Exp.Call(this);

        public Tensor expm1() => Ops.Expm1.Call(this);

        public Tensor log() => Ops.Log.Call(this);

        public Tensor log1p() => Ops.Log1p.Call(this);

        public Tensor sqrt() => Ops.Sqrt.Call(this);

        public Tensor sqrt_() => Ops.SqrtIn.Call(this);

        public Tensor rsqrt() => Ops.Rsqrt.Call(this);

        public Tensor square() => Ops.Square.Call(this);

        public Tensor sin() => Ops.Sin.Call(this);

        public Tensor cos() => Ops.Cos.Call(this);

        public Tensor tanh() => Ops.Tanh.Call(this);

        public Tensor tanh_() => Ops.TanhIn.Call(this);

        public Tensor atanh() => Ops.Atanh.Call(this);

        public Tensor erf() => Ops.Erf.Call(this);

        public Tensor erfinv() => Ops.ErfInv.Call(this);

        public Tensor floor() => Ops.Floor.Call(this);

        public Tensor ceil() => Ops.Ceil.Call(this);

        public Tensor round() => Ops.Round.Call(this);

        public Tensor sigmoid() => Ops.Sigmoid.Call(this);

        public Tensor sigmoid_() => Ops.SigmoidIn.Call(this);

        public Tensor logit(double? eps = null) => Ops.Logit.Call(this, eps);

        public Tensor log_sigmoid() => Ops.LogSigmoid.Call(this);

        public Tensor relu() => Ops.Relu.Call(this);

        public Tensor relu_() => Ops.ReluIn.Call(this);

        public Tensor silu() => Ops.Silu.Call(this);

        public Tensor silu_() => Ops.SiluIn.Call(this);

        public Tensor gelu() => Ops.Gelu.Call(this);

        public Tensor gelu(Modules.GELU.Approximate approximate) => Ops.Gelu.Call(this, approximate == Modules.GELU.Approximate.none ? "none" : "tanh");

        public Tensor elu(double alpha = 1) => Ops.Elu.Call(this, alpha);

        public Tensor elu_(double alpha = 1) => Ops.EluIn.Call(this, alpha);

        public Tensor leaky_relu(Scalar negative_slope) => Ops.LeakyRelu.Call(this, negative_slope);

        public Tensor leaky_relu_(Scalar negative_slope) => Ops.LeakyReluIn.Call(this, negative_slope);

        public Tensor softplus(double beta = 1, double threshold = 20) => Ops.Softplus.Call(this, beta, threshold);

        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Ops.Clamp.Call(this, min, max);

        public Tensor clamp(Tensor? min = null, Tensor? max = null) => Ops.ClampTensor.Call(this, min, max);

        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Ops.ClampIn.Call(this, min, max);

        public Tensor clamp_min(Scalar min) => Ops.ClampMin.Call(this, min);

        public Tensor clamp_max(Scalar max) => Ops.ClampMax.Call(this, max);

        public Tensor maximum(Tensor other) => Ops.Maximum.Call(this, other);

        public Tensor minimum(Tensor other) => Ops.Minimum.Call(this, other);

        public Tensor logaddexp(Tensor other) => Ops.LogAddExp.Call(this, other);

        public Tensor eq(Tensor target) => Ops.Eq.Call(this, target);

        public Tensor eq(Scalar target) => Ops.EqScalar.Call(this, target);

        public Tensor ne(Tensor target) => Ops.Ne.Call(this, target);

        public Tensor ne(Scalar target) => Ops.NeScalar.Call(this, target);

        public Tensor lt(Tensor target) => Ops.Lt.Call(this, target);

        public Tensor lt(Scalar target) => Ops.LtScalar.Call(this, target);

        public Tensor le(Tensor target) => Ops.Le.Call(this, target);

        public Tensor le(Scalar target) => Ops.LeScalar.Call(this, target);

        public Tensor gt(Tensor target) => Ops.Gt.Call(this, target);

        public Tensor gt(Scalar target) => Ops.GtScalar.Call(this, target);

        public Tensor ge(Tensor target) => Ops.Ge.Call(this, target);

        public Tensor ge(Scalar target) => Ops.GeScalar.Call(this, target);

        public Tensor logical_and(Tensor other) => Ops.LogicalAnd.Call(this, other);

        public Tensor logical_or(Tensor other) => Ops.LogicalOr.Call(this, other);

        public Tensor logical_not() => Ops.LogicalNot.Call(this);

        public Tensor bitwise_and(Tensor other) => Ops.BitwiseAnd.Call(this, other);

        public Tensor bitwise_or(Tensor other) => Ops.BitwiseOr.Call(this, other);

        public Tensor bitwise_xor(Tensor other) => Ops.BitwiseXor.Call(this, other);

        public Tensor bitwise_not() => Ops.BitwiseNot.Call(this);

        public Tensor isnan() => Ops.IsNan.Call(this);

        public Tensor isfinite() => Ops.IsFinite.Call(this);

        public Tensor nan_to_num(double nan = 0d, double? posinf = null, double? neginf = null) => Ops.NanToNum.Call(this, nan, posinf, neginf);

        public Tensor isclose(Tensor other, double rtol = 1e-05, double atol = 1e-08, bool nanEqual = false) => Ops.IsClose.Call(this, other, rtol, atol, nanEqual);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Ops.AllClose.CallScalar(this, target, rtol, atol, equal_nan).ToBoolean();

        /// <summary>Whether shape and every element are the same.</summary>
        public bool Equals(Tensor target) => Ops.Equal.CallScalar(this, target).ToBoolean();

        /// <summary>This tensor where the condition holds, else y.</summary>
        public Tensor where(Tensor condition, Tensor y) => Ops.Where.Call(condition, this, y);

        public Tensor fill_(Scalar value) => Ops.Fill.Call(this, value);

        public Tensor zero_() => Ops.Zero.Call(this);
    }
}
