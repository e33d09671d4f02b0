using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources;

/// <summary>ConfigMaps and Secrets that were declared immutable stay so.</summary>
internal static class ImmutableData
{
    public static void Validate(JsonObject obj, JsonObject old, FieldErrors errors, params ReadOnlySpan<string> fields)
    {
        if (old.Boolean("immutable") != true)
        {
            return;
        }

        if (obj.Boolean("immutable") != true)
        {
            errors.Forbidden("immutable", "field is immutable when `immutable` is set");
        }

        foreach (var field in fields)
        {
            if (!obj.FieldEquals(old, field))
            {
                errors.Forbidden(field, "field is immutable when `immutable` is set");
            }
        }
    }
}
