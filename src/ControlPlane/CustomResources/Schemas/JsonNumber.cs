using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Schemas;

/// <summary>Numbers of JSON the way Go's unstructured objects have them: 64-bit integers, and doubles for the rest.</summary>
internal static class JsonNumber
{
    public static bool TryRead(JsonValue value, out double number)
    {
        if (value.AsInteger() is { } integer)
        {
            number = integer;
            return true;
        }

        return value.TryGetValue(out number);
    }

    /// <summary>The shortest text that reads as the same number.</summary>
    public static string Format(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
