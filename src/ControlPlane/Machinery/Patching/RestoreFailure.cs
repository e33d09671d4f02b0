using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Patching;

/// <summary>What a strategic merge patch is told when its result has a value of another type. Source: apimachinery's unstructured converter.</summary>
internal static class RestoreFailure
{
    public static string Of(DecodeException failure)
    {
        if (failure.Mismatch is not { } mismatch)
        {
            return failure.Message;
        }

        var found = mismatch.Found switch
        {
            "object" => "map",
            "array" => "slice",
            "number" => "int64",
            var number when number.StartsWith("number ", StringComparison.Ordinal) => "float64",
            var other => other,
        };
        return mismatch.GoType switch
        {
            var map when map.StartsWith("map[", StringComparison.Ordinal) => $"cannot restore map from {found}",
            var list when list.StartsWith("[]", StringComparison.Ordinal) => $"cannot restore slice from {found}",
            var type when type.StartsWith("v1.", StringComparison.Ordinal) => $"cannot restore struct from: {found}",
            "string" when found == "int64" => "cannot convert int64 to string",
            var type => $"unrecognized type: {type}",
        };
    }
}
