using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>What an Ingress leads to: a port of a Service, or an object of another kind.</summary>
internal static class IngressBackendValidation
{
    public static void Validate(JsonObject backend, string path, FieldErrors errors)
    {
        switch (backend.Object("service"), backend.Object("resource"))
        {
            case (null, null):
                errors.Invalid(path, "", "resource or service backend is required");
                break;
            case (not null, not null):
                errors.Invalid(path, "", "cannot set both resource and service backends");
                break;
            case ({ } service, _):
                Service(service, path, errors);
                break;
            case (_, { } resource):
                errors.Optional($"{path}.resource.apiGroup", resource.Text("apiGroup"), NameRule.Subdomain);
                errors.Named($"{path}.resource.kind", resource.Text("kind"), NameRule.PathSegment);
                errors.Named($"{path}.resource.name", resource.Text("name"), NameRule.PathSegment);
                break;
        }
    }

    private static void Service(JsonObject service, string path, FieldErrors errors)
    {
        errors.Named($"{path}.service.name", service.Text("name"), NameRule.Label1035);
        switch (service.Text("port", "name"), service.Integer("port", "number"))
        {
            case (null or "", null or 0):
                errors.Required(path, "port name or number is required");
                break;
            case ({ Length: > 0 }, not (null or 0)):
                errors.Invalid(path, "", "cannot set both port name & port number");
                break;
            case ({ Length: > 0 } name, _):
                errors.Rule($"{path}.service.port.name", name, ValueRules.PortName(name));
                break;
            case (_, { } number):
                errors.Port($"{path}.service.port.number", number);
                break;
        }
    }
}
