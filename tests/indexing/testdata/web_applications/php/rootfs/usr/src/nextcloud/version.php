<?php
$OC_Version = array(28,0,1,1);
$OC_VersionString = '28.0.1';
$OC_Edition = '';
