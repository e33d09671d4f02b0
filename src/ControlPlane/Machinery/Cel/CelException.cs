namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>An expression that has no value for these inputs, in cel-go's words: "no such key: a", "division by zero".</summary>
internal sealed class CelException(string message) : Exception(message)
{
    public static CelException NoSuchOverload() => new("no such overload");
}

/// <summary>An evaluation that costs more than it may.</summary>
internal sealed class CelCostException() : Exception("operation cancelled: actual cost limit exceeded");
