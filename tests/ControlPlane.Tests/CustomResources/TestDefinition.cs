using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Http;

namespace Dataplane.ControlPlane.Tests.CustomResources;

/// <summary>The definition the tests share: every corner of a structural schema once.</summary>
internal static class TestDefinition
{
    public const string Path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    public const string Yaml = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.example.com}
        spec:
          group: example.com
          scope: Namespaced
          names: {plural: widgets, kind: Widget, shortNames: [wd], categories: [all]}
          versions:
          - name: v1beta1
            served: true
            storage: false
            deprecated: true
            schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
          - name: v1
            served: true
            storage: true
            subresources:
              status: {}
              scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.selector}
            selectableFields: [{jsonPath: .spec.color}]
            additionalPrinterColumns:
            - {name: Color, type: string, jsonPath: .spec.color}
            - {name: Replicas, type: integer, jsonPath: .spec.replicas}
            - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status', priority: 1}
            - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
            schema:
              openAPIV3Schema:
                type: object
                description: A widget for tests.
                properties:
                  spec:
                    type: object
                    required: [color]
                    properties:
                      color: {type: string, enum: [red, green, blue], description: Colour of the widget.}
                      replicas: {type: integer, minimum: 0, maximum: 10, default: 1}
                      name: {type: string, pattern: '^[a-z]+$', maxLength: 5, nullable: true}
                      size: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                      tags: {type: array, x-kubernetes-list-type: set, items: {type: string}}
                      ports:
                        type: array
                        maxItems: 3
                        x-kubernetes-list-type: map
                        x-kubernetes-list-map-keys: [port, protocol]
                        items:
                          type: object
                          required: [port]
                          properties:
                            port: {type: integer, format: int32}
                            protocol: {type: string, default: TCP}
                            name: {type: string}
                      limits: {type: object, additionalProperties: {type: string}}
                      free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                      since: {type: string, format: date-time}
                      template: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
                  status:
                    type: object
                    properties:
                      replicas: {type: integer}
                      selector: {type: string}
                      conditions:
                        type: array
                        items: {type: object, properties: {type: {type: string}, status: {type: string}}}
        """;

    /// <summary>The openAPIV3Schema of v1.</summary>
    public static JsonObject Schema()
    {
        var definition = Document();
        return (JsonObject)definition["spec"]!["versions"]![1]!["schema"]!["openAPIV3Schema"]!.DeepClone();
    }

    public static JsonObject Document() => (JsonObject)JsonNode.Parse(YamlToJson.Convert(System.Text.Encoding.UTF8.GetBytes(Yaml)).Json)!;

    /// <summary>JSON from YAML in flow style.</summary>
    public static JsonObject Parse(string yaml) => (JsonObject)JsonNode.Parse(YamlToJson.Convert(System.Text.Encoding.UTF8.GetBytes(yaml)).Json)!;

    /// <summary>A condition of a definition; null when it has another status or is not there.</summary>
    public static JsonObject? Condition(JsonObject definition, string type, string status) => definition["status"]?["conditions"]?.AsArray().OfType<JsonObject>()
        .FirstOrDefault(condition => (string?)condition["type"] == type && (string?)condition["status"] == status);
}
