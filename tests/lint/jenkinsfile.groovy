// Runs a declarative Jenkinsfile against stubs: a block or step that does not belong where it
// stands is an error. Prints stages, environment values and shell scripts (as JSON) and published
// files of a run in which every command ends well, and the build's result for exit codes of perfgate.
//
//     groovy jenkinsfile.groovy FILE BRANCH [FILE BRANCH]...

import groovy.json.JsonOutput

class Refused extends RuntimeException {
    Refused(String message) { super(message) }
}

class Failed extends RuntimeException {
    Failed(String message) { super(message) }
}

class Grammar {
    static final List STEPS = ['sh', 'echo', 'script', 'error', 'unstable', 'junit', 'archiveArtifacts',
        'deleteDir', 'dir', 'withCredentials', 'gitUsernamePassword',
        'lock', 'publishHTML']
    static final List CONDITIONS = ['branch', 'not', 'changeRequest', 'expression', 'allOf', 'anyOf']
    static final Map ALLOWED = [
        file: ['pipeline'],
        pipeline: ['agent', 'options', 'parameters', 'environment', 'stages', 'post'],
        options: ['timeout', 'disableConcurrentBuilds', 'buildDiscarder', 'logRotator', 'timestamps'],
        parameters: ['choice', 'booleanParam', 'string'],
        environment: [],
        stages: ['stage'],
        parallel: ['stage'],
        stage: ['when', 'steps', 'parallel', 'stages', 'environment', 'options', 'post'],
        when: CONDITIONS, not: CONDITIONS, allOf: CONDITIONS, anyOf: CONDITIONS, expression: [],
        post: ['always', 'success', 'failure', 'unstable', 'cleanup'],
        agent: ['docker'], docker: ['image'],
        steps: STEPS, script: STEPS, dir: STEPS, withCredentials: STEPS, lock: STEPS,
        always: STEPS, success: STEPS, failure: STEPS, unstable: STEPS, cleanup: STEPS,
    ]
}

class Build {
    int exitCode
    String branch
    String result = 'SUCCESS'
    Map env = [NODE_NAME: 'built-in']
    Map params = [:]
    Closure post

    Map getCurrentBuild() { [currentResult: result] }

    void say(String line) {
        if (exitCode == 0) { println line }
    }
}

class Block {
    String kind
    Build build
    List seen = []
    List conditions = []
    boolean skipped

    static Object run(String kind, Build build, Closure body) {
        Block block = new Block(kind: kind, build: build)
        body.delegate = block
        body.resolveStrategy = Closure.DELEGATE_ONLY
        Object value = body.call()
        block.refuseIncomplete()
        switch (kind) {
            case ['when', 'allOf']: return block.conditions.every()
            case 'anyOf': return block.conditions.any()
            case 'not': return !block.conditions.every()
            default: return value
        }
    }

    void refuseIncomplete() {
        if (kind == 'pipeline' && !seen.containsAll(['agent', 'stages'])) {
            throw new Refused('a pipeline needs agent and stages')
        }
        if (kind == 'stage' && seen.count { it in ['steps', 'parallel', 'stages'] } != 1) {
            throw new Refused('a stage needs exactly one of steps, parallel and stages')
        }
        if (kind in ['steps', 'stages', 'parallel', 'post', 'parameters', 'when'] && !seen) {
            throw new Refused("${kind} is empty")
        }
    }

    Object methodMissing(String name, Object arguments) {
        List list = arguments as List
        if (!(name in Grammar.ALLOWED[kind])) { throw new Refused("'${name}' does not belong into ${kind}") }
        if (kind in ['pipeline', 'stage'] && name in seen) { throw new Refused("two ${name} in one ${kind}") }
        seen << name
        switch (kind) {
            case 'options': return null
            case 'parameters': return addParameter(list[0])
            case Grammar.CONDITIONS + 'when': return conditions << isTrue(name, list[0])
            case ['stages', 'parallel']: return runStage(list[0], list[1])
            case ['file', 'pipeline', 'stage', 'post', 'agent']: return runBlock(name, list[0])
            default: return runStep(name, list)
        }
    }

    Object runBlock(String name, Object body) {
        if ((name == 'agent' && !(body instanceof Closure)) || skipped) { return null }
        if (name == 'post') { return build.post = body }
        Object value = Block.run(name, build, body)
        skipped = name == 'when' && !value
        return value
    }

    Object runStage(String name, Closure body) {
        build.say("stage ${name}")
        return Block.run('stage', build, body)
    }

    boolean isTrue(String name, Object argument) {
        switch (name) {
            case 'branch': return argument.pattern == build.branch && argument.comparator == 'EQUALS'
            case 'changeRequest': return false
            default: return Block.run(name, build, argument)
        }
    }

    Object addParameter(Map row) {
        return build.params[row.name] = row.containsKey('defaultValue') ? row.defaultValue : row.choices[0]
    }

    Object runStep(String name, List list) {
        Map named = list && list[0] instanceof Map ? list[0] : [:]
        switch (name) {
            case 'sh':
                build.say("sh ${JsonOutput.toJson(named ? named.script : list[0])}")
                return named.returnStatus ? build.exitCode : null
            case 'error': throw new Failed(list[0].toString())
            case 'unstable': return build.result = 'UNSTABLE'
            case 'junit': build.say("junit ${named.testResults}"); return null
            case 'archiveArtifacts': build.say("archive ${named.artifacts}"); return null
            case 'publishHTML':
                build.say("publish ${named.target.reportDir}/${named.target.reportFiles}")
                return null
            case 'lock': build.say("lock ${named.resource}"); return Block.run(name, build, list[-1])
            case ['script', 'dir', 'withCredentials']: return Block.run(name, build, list[-1])
            default: return null
        }
    }

    Object propertyMissing(String name) {
        if (name == 'any' && kind == 'pipeline') { return name }
        if (name in ['env', 'params', 'currentBuild']) { return build[name] }
        throw new Refused("nothing is called '${name}' in ${kind}")
    }

    void propertyMissing(String name, Object value) {
        if (kind != 'environment') { throw new Refused("'${name} =' does not belong into ${kind}") }
        build.env[name] = value
        build.say("environment ${name}=${JsonOutput.toJson(value)}")
    }
}

String run(File file, Build build) {
    Script script = new GroovyShell().parse(file)
    script.metaClass.methodMissing = { String name, Object arguments ->
        new Block(kind: 'file', build: build).methodMissing(name, arguments)
    }
    try {
        script.run()
    } catch (Failed failure) {
        build.result = 'FAILURE'
    }
    if (build.post) { Block.run('post', build, build.post) }
    return build.result
}

args.toList().collate(2).each { String path, String branch ->
    println "file ${path}"
    try {
        [0, 1, 2, 3, 70].each { int code ->
            println "result ${code} ${run(new File(path), new Build(exitCode: code, branch: branch))}"
        }
    } catch (Refused | MissingMethodException | MissingPropertyException refusal) {
        System.err.println "${path}: ${refusal.message}"
        System.exit(1)
    }
}
