"""Quizzes as others write them, in each format that is read, with much that cannot be taken."""

from __future__ import annotations

import base64

# A black pixel.
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDATx"
    b"\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"
)
MOODLE = f"""<?xml version="1.0" encoding="UTF-8"?>
<quiz>
  <question type="category"><category><text>$course$/top/Losses//gains</text></category></question>
  <question type="multichoice">
    <name><text>Which one?</text></name>
    <questiontext format="html"><text><![CDATA[<p onclick="x()">A <b>bold</b> \\(x_1 &lt; 2\\)
      <script>alert(1)</script><img src="@@PLUGINFILE@@/a%20b.png" alt="pic"> <img src="http://x.y/z.png" alt="web">
      </p><pre>code  here</pre>]]></text><file name="a b.png" path="/" encoding="base64">
      {base64.b64encode(PNG).decode()}</file></questiontext>
    <generalfeedback format="markdown"><text>*All* of you.</text></generalfeedback>
    <defaultgrade>2.5000000</defaultgrade><single>true</single>
    <answer fraction="100.00000" format="html"><text>1 &amp;lt; 2</text><feedback><text>Yes</text></feedback></answer>
    <answer fraction="50" format="plain_text"><text>a*b</text><feedback><text></text></feedback></answer>
    <answer fraction="-25"><text>no</text></answer>
    <answer fraction="0"><text> no </text></answer>
    <hint><text>think</text></hint>
    <tags><tag><text>one</text></tag><tag><text>two</text></tag></tags>
  </question>
  <question type="multichoice"><name><text>Several</text></name>
    <questiontext format="moodle_auto_format"><text>One
two</text></questiontext><single>false</single>
    <answer fraction="50"><text>a</text></answer><answer fraction="50"><text>b</text></answer>
    <answer fraction="-50"><text>c</text></answer></question>
  <question type="multichoice"><name><text>Uneven</text></name><questiontext><text>?</text></questiontext>
    <single>false</single><answer fraction="60"><text>a</text></answer><answer fraction="40"><text>b</text></answer>
    <answer fraction="0"><text>c</text></answer></question>
  <question type="truefalse"><name><text>Really</text></name><questiontext><text>Is it?</text></questiontext>
    <answer fraction="0"><text>true</text><feedback><text>No.</text></feedback></answer>
    <answer fraction="100"><text>false</text></answer></question>
  <question type="shortanswer"><name><text>Say</text></name><questiontext><text>What?</text></questiontext>
    <usecase>1</usecase><answer fraction="100"><text>a\\*b</text><feedback><text>Right.</text></feedback></answer>
    <answer fraction="100"><text>any*</text></answer><answer fraction="50"><text>half</text></answer></question>
  <question type="numerical"><name><text>Count</text></name><questiontext><text>How many?</text></questiontext>
    <answer fraction="100"><text>-1.5e2</text><tolerance>0.5</tolerance></answer>
    <answer fraction="0"><text>*</text><tolerance>0</tolerance><feedback><text>No.</text></feedback></answer>
    <units><unit><multiplier>1</multiplier><unit_name>m</unit_name></unit></units></question>
  <question type="essay"><name><text>Explain</text></name><questiontext><text>Why?</text></questiontext>
    <graderinfo><text>Because.</text></graderinfo><responsetemplate><text>Start</text></responsetemplate></question>
  <question type="matching"><name><text>Match</text></name><questiontext><text>.</text></questiontext></question>
  <question type="description"><name><text>Read this</text></name></question>
  <question type="multichoice"><name><text>Empty</text></name><questiontext><text>?</text></questiontext>
    <answer fraction="0"><text>a</text></answer><answer fraction="0"><text>b</text></answer></question>
  <question type="multichoice"><name><text>Two right</text></name><questiontext><text>?</text></questiontext>
    <answer fraction="100"><text>a</text></answer><answer fraction="100"><text>b</text></answer></question>
</quiz>
"""
GIFT = r"""
// a comment
$CATEGORY: $course$/top/From GIFT

// [id:first] [tag:one] [tag:two]
::A name::[html]<p>Which <b>one</b>? \{a\: 1\}</p> {
~[markdown]**wrong**#Not this.
=[html]right \= it\n
~%-50%[plain]a*b
####Everybody
reads this.
}

Two plus two {=4 =four}

When was it? {#1822:5}

How wide? {#1.5..2.5#yes}

Grant is {~buried =entombed ~living} in Grant's tomb.

::Several::Pick {~%50%a ~%50%b ~%-100%c}

Is it so? {F#No, it is not.#Right.}

Why? {}

Match {=a -> b =c -> d}

Only a text.

Broken { ~a

A wild one {=any* =%50%half =this}
"""
TEXT2QTI = """\
Quiz title: Arithmetic
Quiz description: A few sums,
    in two lines.
Shuffle answers: true

Title: A sum
Points: 2
1.  What is 2+3?

    ```python
    print(2 + 3)
    ```
... For everybody.
+   Well done.
-   Look again.
a)  6
... One too many.
*b) 5

% a comment
COMMENT
1. not this one
END_COMMENT
1.  Which are even?
[ ] one
[*] two
[*] four

2.  The root of 2?
! By Newton.
=   1.4142 +- 0.0001

3.  A third of 10?
=   [3.3, 3.4]

4.  How many?
=   200 +- 5%

5.  Who?
*   Ada
*   Ada Lovelace

6.  Explain ![a plot](plot.png) and ![gone](gone.png).
... Say why.
____

7.  Send a file.
^^^^

Text: Between questions.

GROUP
pick: 1
points per question: 3

1.  True?
*a) true
b)  false

END_GROUP

```{.python .run}
open("/tmp/owned", "w")
```
no idea
8.  Nothing below.
"""
